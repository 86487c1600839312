//! Places where a test may kill this process, and rules that it may switch off to see its checks go red.
//!
//! Invariant: without the cargo feature `failpoints`, which no release has, both functions are empty and no route leads
//! here. A name means one place in the code: `<app>.<what>.<when>`.

#[cfg(feature = "failpoints")]
mod armed;

#[cfg(feature = "failpoints")]
pub(crate) use armed::add_routes;

/// Marks a place. The process ends here by `abort`, as by `kill -9`, when a test has armed this name.
#[inline]
pub fn reach(name: &str) {
    #[cfg(feature = "failpoints")]
    armed::reach(name);
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

/// Whether a test has switched on the mutation of this name: whoever asks then leaves out what the name stands for.
#[inline]
#[must_use]
pub fn mutated(name: &str) -> bool {
    #[cfg(feature = "failpoints")]
    return armed::mutated(name);
    #[cfg(not(feature = "failpoints"))]
    {
        let _ = name;
        false
    }
}

/// The router of the ops listener as it is.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn add_routes(router: axum::Router) -> axum::Router {
    router
}

#[cfg(all(test, not(feature = "failpoints")))]
mod tests {
    #[test]
    fn without_the_feature_nothing_dies_and_nothing_is_left_out() {
        super::reach("service.test.nowhere");
        assert!(!super::mutated("inbox"));
    }
}
