//! [`Shareable`]: which types can be in memory that several processes write to. `ctypes`, for Python.
//!
//! To copy: this file. Needs: std only.

/// Plain data: it may be in a [`Value`](crate::value::Value) or an [`Array`](crate::array::Array).
///
/// Numbers, `bool`, and tuples and arrays of these are. For a struct of them there is
/// [`shareable!`](crate::shareable!), without `unsafe`. What is a pointer or has one in it is not: a
/// `String` of one process is nothing in another's memory.
///
/// ```compile_fail,E0277
/// let name = multiprocess::value::Value::new(String::from("a pointer"));
/// ```
///
/// ```
/// let name = multiprocess::value::Value::new(*b"bytes themselves");
/// ```
///
/// # Safety
///
/// - No pointer, reference or descriptor is in it, nothing that means something in one process only.
/// - All bytes 0 is a value of the type.
/// - If some bytes are from one value and some from another, that is a value of the type: the process
///   that wrote may have been killed on the way. So a type of one byte may have values that are not
///   allowed, as `bool` has; a larger one may not. `char` and `NonZeroU64` are therefore not shareable,
///   nor is an enum with data.
pub unsafe trait Shareable: Copy + Send + 'static {}

macro_rules! plain {
    ($($type:ty)*) => {$(
        // SAFETY: every bit pattern is a value.
        unsafe impl Shareable for $type {}
    )*};
}

plain!(() u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

// SAFETY: it is one byte, which is never written by halves, and 0 is `false`.
unsafe impl Shareable for bool {}

// SAFETY: it is so for each of the elements.
unsafe impl<T: Shareable, const N: usize> Shareable for [T; N] {}

macro_rules! tuples {
    ($($name:ident)*) => {
        // SAFETY: it is so for each of the fields. Where they are is the same in all processes: they
        // are forks of one program.
        unsafe impl<$($name: Shareable),*> Shareable for ($($name,)*) {}
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);

/// Defines a struct that is [`Shareable`], `Copy` and `Clone`, if all of its fields are. Python's
/// `ctypes.Structure`.
///
/// ```
/// multiprocess::shareable! {
///     /// Where and how fast.
///     #[derive(Debug, PartialEq)]
///     pub struct Particle {
///         pub at: [f64; 3],
///         pub speed: f64,
///     }
/// }
///
/// let particle = multiprocess::value::Value::new(Particle { at: [0.0; 3], speed: 1.5 })?;
/// particle.lock()?.at[2] = 7.0;
/// assert_eq!(particle.get()?.at, [0.0, 0.0, 7.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail,E0277
/// multiprocess::shareable! {
///     struct Named {
///         name: &'static str,
///     }
/// }
/// ```
#[macro_export]
macro_rules! shareable {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        #[repr(C)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type),*
        }

        // SAFETY: it is so for each of the fields.
        unsafe impl $crate::shareable::Shareable for $name
        where
            $($type: $crate::shareable::Shareable),*
        {
        }
    };
}
