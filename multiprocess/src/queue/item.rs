//! [`Item`]: what can be put into a queue.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::buffer::Buffer;

/// What can be put into a queue: every type that serde can write and read, and `[u8]`, which is copied
/// as it is. (A `Vec<u8>` goes through serde byte by byte.)
pub trait Item {
    /// What comes out.
    type Owned;

    /// Hands the item's bytes over.
    #[doc(hidden)]
    fn encoded<R>(&self, put: impl FnOnce(&[u8]) -> R) -> postcard::Result<R>;

    /// Makes the item from its bytes, which it may take.
    #[doc(hidden)]
    fn decode(bytes: &mut Buffer) -> postcard::Result<Self::Owned>;
}

impl<T: Serialize + DeserializeOwned> Item for T {
    type Owned = T;

    fn encoded<R>(&self, put: impl FnOnce(&[u8]) -> R) -> postcard::Result<R> {
        let mut bytes = Buffer::new();
        postcard::serialize_with_flavor(self, &mut bytes)?;
        Ok(put(bytes.as_slice()))
    }

    fn decode(bytes: &mut Buffer) -> postcard::Result<T> {
        postcard::from_bytes(bytes.as_slice())
    }
}

impl Item for [u8] {
    type Owned = Vec<u8>;

    fn encoded<R>(&self, put: impl FnOnce(&[u8]) -> R) -> postcard::Result<R> {
        Ok(put(self))
    }

    fn decode(bytes: &mut Buffer) -> postcard::Result<Vec<u8>> {
        Ok(bytes.take())
    }
}
