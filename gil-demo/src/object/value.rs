//! [`Value`]: what an object can be.

use super::ObjectRef;

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int`, of 64 bits.
    Int(i64),
    /// A `list`, which owns a reference to each of its items.
    List(Box<[ObjectRef]>),
}

impl Value {
    /// The name of its type. Python's `type(x).__name__`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::List(_) => "list",
        }
    }

    /// Python's `bool(x)`.
    pub const fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::List(items) => !items.is_empty(),
        }
    }

    /// The number an int is, or a bool, which is an int in Python.
    #[inline]
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => self.bool_as_int(),
        }
    }

    #[cold]
    const fn bool_as_int(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(*value as i64),
            _ => None,
        }
    }
}
