//! One parameter value, between r2r, the parameter services and serde.

use super::ParameterError;
use r2r::ParameterValue;
use r2r::rcl_interfaces::msg;
use serde_json::{Number, Value as Json};

/// A value of one of the types that ROS parameters have.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Declared without value.
    NotSet,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Double(f64),
    /// A text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Truth values.
    Bools(Vec<bool>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Numbers.
    Doubles(Vec<f64>),
    /// Texts.
    Strings(Vec<String>),
}

/// Type ids of `rcl_interfaces/ParameterType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// No type.
    NotSet = 0,
    /// `bool_value`.
    Bool = 1,
    /// `integer_value`.
    Integer = 2,
    /// `double_value`.
    Double = 3,
    /// `string_value`.
    String = 4,
    /// `byte_array_value`.
    Bytes = 5,
    /// `bool_array_value`.
    Bools = 6,
    /// `integer_array_value`.
    Integers = 7,
    /// `double_array_value`.
    Doubles = 8,
    /// `string_array_value`.
    Strings = 9,
}

impl Value {
    /// The type of this value.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotSet => Kind::NotSet,
            Self::Bool(_) => Kind::Bool,
            Self::Integer(_) => Kind::Integer,
            Self::Double(_) => Kind::Double,
            Self::String(_) => Kind::String,
            Self::Bytes(_) => Kind::Bytes,
            Self::Bools(_) => Kind::Bools,
            Self::Integers(_) => Kind::Integers,
            Self::Doubles(_) => Kind::Doubles,
            Self::Strings(_) => Kind::Strings,
        }
    }

    /// As serde reads it.
    pub(super) fn to_json(&self, key: &str) -> Result<Json, ParameterError> {
        let number = |value: f64| {
            let finite = Number::from_f64(value).map(Json::Number);
            finite.ok_or_else(|| ParameterError::NotFinite { key: key.to_owned(), value })
        };
        Ok(match self {
            Self::NotSet => Json::Null,
            Self::Bool(value) => Json::from(*value),
            Self::Integer(value) => Json::from(*value),
            Self::Double(value) => number(*value)?,
            Self::String(value) => Json::from(value.as_str()),
            Self::Bytes(values) => Json::from(values.as_slice()),
            Self::Bools(values) => Json::from(values.as_slice()),
            Self::Integers(values) => Json::from(values.as_slice()),
            Self::Strings(values) => Json::from(values.as_slice()),
            Self::Doubles(values) => {
                Json::Array(values.iter().copied().map(number).collect::<Result<_, _>>()?)
            }
        })
    }

    /// As the services carry it.
    pub(super) fn to_msg(&self) -> msg::ParameterValue {
        let mut msg =
            msg::ParameterValue { type_: self.kind() as u8, ..msg::ParameterValue::default() };
        match self.clone() {
            Self::NotSet => {}
            Self::Bool(value) => msg.bool_value = value,
            Self::Integer(value) => msg.integer_value = value,
            Self::Double(value) => msg.double_value = value,
            Self::String(value) => msg.string_value = value,
            Self::Bytes(values) => msg.byte_array_value = values,
            Self::Bools(values) => msg.bool_array_value = values,
            Self::Integers(values) => msg.integer_array_value = values,
            Self::Doubles(values) => msg.double_array_value = values,
            Self::Strings(values) => msg.string_array_value = values,
        }
        msg
    }

    /// From the services; a type that does not exist is "not set".
    pub(super) fn from_msg(msg: msg::ParameterValue) -> Self {
        match msg.type_ {
            1 => Self::Bool(msg.bool_value),
            2 => Self::Integer(msg.integer_value),
            3 => Self::Double(msg.double_value),
            4 => Self::String(msg.string_value),
            5 => Self::Bytes(msg.byte_array_value),
            6 => Self::Bools(msg.bool_array_value),
            7 => Self::Integers(msg.integer_array_value),
            8 => Self::Doubles(msg.double_array_value),
            9 => Self::Strings(msg.string_array_value),
            _ => Self::NotSet,
        }
    }
}

impl From<&ParameterValue> for Value {
    fn from(value: &ParameterValue) -> Self {
        match value.clone() {
            ParameterValue::NotSet => Self::NotSet,
            ParameterValue::Bool(value) => Self::Bool(value),
            ParameterValue::Integer(value) => Self::Integer(value),
            ParameterValue::Double(value) => Self::Double(value),
            ParameterValue::String(value) => Self::String(value),
            ParameterValue::ByteArray(values) => Self::Bytes(values),
            ParameterValue::BoolArray(values) => Self::Bools(values),
            ParameterValue::IntegerArray(values) => Self::Integers(values),
            ParameterValue::DoubleArray(values) => Self::Doubles(values),
            ParameterValue::StringArray(values) => Self::Strings(values),
        }
    }
}
