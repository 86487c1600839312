//! The one kind of window that lies over the page: the browser's own `<dialog>`, which keeps the focus and closes on Escape.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::art::{Icon, icon};

/// Shows content over the page; a sheet from below on a phone. `close` runs whichever way it was closed.
pub fn sheet(
    label: String,
    class: &'static str,
    close: impl Fn() + Copy + Send + Sync + 'static,
    content: AnyView,
) -> AnyView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = node.get() {
            // It can't be open already: it was made a moment ago.
            request_animation_frame(move || drop(dialog.show_modal()));
        }
    });
    let dismiss = move || {
        if let Some(dialog) = node.get_untracked() {
            dialog.close();
        }
    };
    view! {
        <dialog
            node_ref=node
            class=format!("sheet {class}")
            aria-label=label
            on:close=move |_| close()
            on:click=move |event| {
                // A click on the dialog itself, and not on its content, is one on the dark around it.
                if event.target() == event.current_target() {
                    dismiss();
                }
            }
        >
            <div class="sheet-content">
                // A row of its own, so that it lies over nothing that scrolls.
                <div class="sheet-bar">
                    <button type="button" class="round" aria-label="Close" on:click=move |_| dismiss()>{icon(Icon::Close)}</button>
                </div>
                {content}
            </div>
        </dialog>
    }
    .into_any()
}

/// Closes every window that is open, the uppermost first, so that the focus goes back to where it was.
pub fn close_open() {
    for element in super::browser::find_all("dialog[open]").into_iter().rev() {
        if let Ok(dialog) = element.dyn_into::<web_sys::HtmlDialogElement>() {
            dialog.close();
        }
    }
}
