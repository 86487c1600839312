//! A product's picture: its photograph where there is one, our drawing otherwise and where the photograph can't be had.
//!
//! Invariant: it stands beside the product's name and says nothing more, so it is hidden from screen readers either way.

use bff_api::Product;
use leptos::prelude::*;

use super::art::art;
use crate::photo::{source, sources};

/// The picture; `sizes` says how wide it is shown (HTML, "sizes attributes").
#[must_use]
pub fn picture(product: &Product, sizes: &'static str) -> AnyView {
    let slug = product.image.clone();
    let shown = product
        .photo
        .as_ref()
        .and_then(|photo| Some((photo.clone(), source(photo)?)));
    let Some((photo, source)) = shown else {
        return art(&slug);
    };
    let lost = RwSignal::new(false);
    view! {
        {move || if lost.get() {
            art(&slug)
        } else {
            view! {
                <span class="art" aria-hidden="true">
                    <img loading="lazy" decoding="async" alt="" width=photo.width height=photo.height sizes=sizes
                        srcset=sources(&photo) src=source.clone() on:error=move |_| lost.set(true)/>
                </span>
            }.into_any()
        }}
    }
    .into_any()
}
