//! The entry the browser calls. Built for any other target it does nothing: there is no page to draw on.

fn main() {
    #[cfg(target_arch = "wasm32")]
    web::ui::start();
}
