//! [`catch`]: a user's code, called where its panic must not end what the caller has to do.

use std::any::Any;
use std::mem;
use std::panic::{self, AssertUnwindSafe};

/// Calls it, or gives the text of what it panicked with. The panic hook has reported that.
///
/// What was thrown is dropped here, and may panic once more; so may what that throws, which is leaked.
///
/// # Errors
///
/// The text; `(not a text)` if it is none.
pub fn catch<R>(run: impl FnOnce() -> R) -> Result<R, String> {
    // What the code was in the middle of is its own: it is gone with the panic.
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = text(&*payload);
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
        dropped.unwrap_or_else(mem::forget);
        text
    })
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("(not a text)").to_owned()
}
