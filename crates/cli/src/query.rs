//! `--query`: JMESPath, as the AWS CLI's library evaluates it.
//!
//! The grammar is a library's. Evaluation is ours, because the order of members matters here: those
//! of an answer come in the order of the model, and those that a query makes in its own. Where
//! Python's library and the specification differ, it is Python's that scripts have been written
//! against: texts are compared by order, too, and whole numbers stay whole. It differs where
//! something is taken from a map that a projection makes, as in `a[].{b: c}.b`: Python looks for it
//! in the list of these maps, and finds nothing; here it is looked for in each of them.

mod functions;

use crate::value::Value;
use functions::Argument;
use jmespath::Variable;
use jmespath::ast::{Ast, Comparator};
use std::borrow::Cow;
use std::cmp::Ordering;

/// The longest expression that is read, in bytes.
const BYTES_MAX: usize = 16 * 1024;
/// How many parts an expression may have. They may all be within each other, and each costs a call
/// when it is read, evaluated and dropped.
const PARTS_MAX: usize = 1000;
/// What begins a part.
const PARTS: &str = "([{!&.|*<>=";

/// An expression.
#[derive(Clone, Debug)]
pub struct Query(Ast);

/// Why an expression gives nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is none.
    #[error("Bad value for --query {text}: {reason}")]
    Malformed {
        /// The expression.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No function has that name.
    #[error("Unknown function: {0}()")]
    UnknownFunction(String),
    /// A function got too few or too many arguments.
    #[error(
        "Expected {}{wanted} {} for function {function}(), received {given}",
        if *at_least { "at least " } else { "" },
        if *wanted == 1 { "argument" } else { "arguments" }
    )]
    Arity {
        /// The function.
        function: &'static str,
        /// Whether it takes more, too.
        at_least: bool,
        /// How many it takes.
        wanted: usize,
        /// What it got.
        given: usize,
    },
    /// A function got what it does not take.
    #[error(
        "In function {function}(), invalid type for value: {value}, expected one of: \
         [{}], received: \"{received}\"", listed(.wanted)
    )]
    Type {
        /// The function.
        function: &'static str,
        /// The argument, or an item of it.
        value: String,
        /// What it takes.
        wanted: &'static [&'static str],
        /// What it is.
        received: &'static str,
    },
    /// A number and a text cannot be ordered.
    #[error("'{operator}' not supported between instances of '{left}' and '{right}'")]
    Incomparable {
        /// How they were to be compared.
        operator: &'static str,
        /// The one.
        left: &'static str,
        /// The other.
        right: &'static str,
    },
    /// Parts of nothing.
    #[error("slice step cannot be zero")]
    ZeroStep,
}

fn listed(types: &[&str]) -> String {
    types.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// The expression with each literal as JSON: as in Python's library, one that is none is a text.
fn with_literals(text: &str) -> Cow<'_, str> {
    let mut told = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['`', '\'', '"']) {
        let quote = &rest[start..=start];
        let inner = &rest[start + 1..];
        let mut escaped = false;
        let end = inner.find(|letter: char| {
            let ends = !escaped && quote.starts_with(letter);
            escaped = !escaped && letter == '\\';
            ends
        });
        let Some(end) = end else { break };
        let literal = &inner[..end];
        let quoted = format!("\"{}\"", literal.trim_start());
        let is_json = |text: &str| {
            serde_json::from_str::<serde_json::Value>(&text.replace("\\`", "`")).is_ok()
        };
        let is_text = quote == "`" && !is_json(literal) && is_json(&quoted);
        told.push_str(&rest[..=start]);
        told.push_str(if is_text { &quoted } else { literal });
        told.push_str(quote);
        rest = &inner[end + 1..];
    }
    if told.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(told + rest) }
}

impl Query {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        let malformed = |reason: String| QueryError::Malformed { text: text.to_owned(), reason };
        let parts = text.chars().filter(|letter| PARTS.contains(*letter)).count();
        if BYTES_MAX < text.len() || PARTS_MAX < parts {
            return Err(malformed("it is too long".to_owned()));
        }
        let ast =
            jmespath::parse(&with_literals(text)).map_err(|error| malformed(error.to_string()))?;
        Ok(Query(ast))
    }

    /// What it finds in a value.
    pub fn search(&self, value: &Value) -> Result<Value, QueryError> {
        evaluate(&self.0, value)
    }
}

/// Nothing, no, and what is empty; zero is something.
fn is_false(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::Integer(_) | Value::Float(_) => false,
    }
}

fn evaluate(ast: &Ast, value: &Value) -> Result<Value, QueryError> {
    match ast {
        Ast::Identity { .. } => Ok(value.clone()),
        Ast::Field { name, .. } => Ok(value.get(name).cloned().unwrap_or(Value::Null)),
        Ast::Subexpr { lhs, rhs, .. } => evaluate(rhs, &evaluate(lhs, value)?),
        Ast::Literal { value, .. } => Ok(literal(value)),
        Ast::Index { idx, .. } => Ok(index(value.items(), *idx)),
        Ast::Slice { start, stop, step, .. } => {
            let Value::List(items) = value else { return Ok(Value::Null) };
            Ok(Value::List(slice(items, *start, *stop, *step)?))
        }
        Ast::Or { lhs, rhs, .. } => {
            let left = evaluate(lhs, value)?;
            if is_false(&left) { evaluate(rhs, value) } else { Ok(left) }
        }
        Ast::And { lhs, rhs, .. } => {
            let left = evaluate(lhs, value)?;
            if is_false(&left) { Ok(left) } else { evaluate(rhs, value) }
        }
        Ast::Not { node, .. } => Ok(Value::Bool(is_false(&evaluate(node, value)?))),
        Ast::Condition { predicate, then, .. } => match is_false(&evaluate(predicate, value)?) {
            true => Ok(Value::Null),
            false => evaluate(then, value),
        },
        Ast::Comparison { comparator, lhs, rhs, .. } => {
            compare(comparator, &evaluate(lhs, value)?, &evaluate(rhs, value)?)
        }
        Ast::ObjectValues { node, .. } => {
            let Value::Map(entries) = evaluate(node, value)? else { return Ok(Value::Null) };
            Ok(Value::List(entries.into_iter().map(|(_, value)| value).collect()))
        }
        Ast::Projection { lhs, rhs, .. } => {
            let Value::List(items) = evaluate(lhs, value)? else { return Ok(Value::Null) };
            let found = items.iter().map(|item| evaluate(rhs, item));
            let found = found.filter(|found| !matches!(found, Ok(Value::Null)));
            Ok(Value::List(found.collect::<Result<_, _>>()?))
        }
        Ast::Flatten { node, .. } => {
            let Value::List(items) = evaluate(node, value)? else { return Ok(Value::Null) };
            let mut flat = Vec::new();
            for item in items {
                if let Value::List(mut items) = item {
                    flat.append(&mut items);
                } else {
                    flat.push(item);
                }
            }
            Ok(Value::List(flat))
        }
        Ast::MultiList { .. } | Ast::MultiHash { .. } if *value == Value::Null => Ok(Value::Null),
        Ast::MultiList { elements, .. } => {
            let found = elements.iter().map(|element| evaluate(element, value));
            Ok(Value::List(found.collect::<Result<_, _>>()?))
        }
        Ast::MultiHash { elements, .. } => {
            let mut map = Value::map();
            for element in elements {
                map.set(&element.key, evaluate(&element.value, value)?);
            }
            Ok(map)
        }
        Ast::Function { name, args, .. } => {
            let arguments = args.iter().map(|argument| {
                if let Ast::Expref { ast, .. } = argument {
                    return Ok(Argument::Expression(ast));
                }
                evaluate(argument, value).map(Argument::Value)
            });
            functions::call(name, arguments.collect::<Result<_, _>>()?)
        }
        // An expression that no function gets is nothing that could be shown.
        Ast::Expref { .. } => Ok(Value::Null),
    }
}

/// A literal of the expression. Its members have lost their order in the library.
fn literal(value: &Variable) -> Value {
    match value {
        Variable::Null | Variable::Expref(_) => Value::Null,
        Variable::Bool(flag) => Value::Bool(*flag),
        Variable::String(text) => Value::Text(text.clone()),
        Variable::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64().unwrap_or(f64::INFINITY)),
        },
        Variable::Array(items) => Value::List(items.iter().map(|item| literal(item)).collect()),
        Variable::Object(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), literal(value))).collect())
        }
    }
}

/// An item by its place, from the end if the place is below zero.
fn index(items: &[Value], place: i32) -> Value {
    let count = items.len() as i64;
    let place = if place < 0 { count + i64::from(place) } else { i64::from(place) };
    usize::try_from(place).ok().and_then(|place| items.get(place)).cloned().unwrap_or(Value::Null)
}

/// Items by Python's rules for slices.
fn slice(
    items: &[Value],
    start: Option<i32>,
    stop: Option<i32>,
    step: i32,
) -> Result<Vec<Value>, QueryError> {
    if step == 0 {
        return Err(QueryError::ZeroStep);
    }
    let count = items.len() as i64;
    let (low, high) = if step < 0 { (-1, count - 1) } else { (0, count) };
    let bound = |place: Option<i32>, default: i64| match place.map(i64::from) {
        None => default,
        Some(place) => (if place < 0 { place + count } else { place }).clamp(low, high),
    };
    let (first, end) = if step < 0 { (high, low) } else { (low, high) };
    let (mut place, stop) = (bound(start, first), bound(stop, end));
    let mut taken = Vec::new();
    while if step < 0 { stop < place } else { place < stop } {
        let item = usize::try_from(place).ok().and_then(|place| items.get(place));
        taken.push(item.expect("bounds are within the list").clone());
        place += i64::from(step);
    }
    Ok(taken)
}

fn compare(comparator: &Comparator, left: &Value, right: &Value) -> Result<Value, QueryError> {
    let is_equal = || is_same(left, right);
    let (operator, fits): (_, fn(Ordering) -> bool) = match comparator {
        Comparator::Equal => return Ok(Value::Bool(is_equal())),
        Comparator::NotEqual => return Ok(Value::Bool(!is_equal())),
        Comparator::LessThan => ("<", Ordering::is_lt),
        Comparator::LessThanEqual => ("<=", Ordering::is_le),
        Comparator::GreaterThan => (">", Ordering::is_gt),
        Comparator::GreaterThanEqual => (">=", Ordering::is_ge),
    };
    let is_ordered =
        |value: &Value| matches!(value, Value::Text(_) | Value::Integer(_) | Value::Float(_));
    if !is_ordered(left) || !is_ordered(right) {
        return Ok(Value::Null);
    }
    match order(left, right) {
        Some(order) => Ok(Value::Bool(fits(order))),
        None => Err(QueryError::Incomparable {
            operator,
            left: python_type(left),
            right: python_type(right),
        }),
    }
}

/// The order of two numbers or two texts; none of anything else.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::Integer(left), Value::Float(right)) => (*left as f64).partial_cmp(right),
        (Value::Float(left), Value::Integer(right)) => left.partial_cmp(&(*right as f64)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        _ => None,
    }
}

/// Whether two values are the same; the order of members does not matter, nor how a number is
/// written.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Integer(_) | Value::Float(_), Value::Integer(_) | Value::Float(_)) => {
            order(left, right) == Some(Ordering::Equal)
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| is_same(l, r))
        }
        (Value::Map(entries), Value::Map(others)) => {
            entries.len() == others.len()
                && entries.iter().all(|(key, l)| right.get(key).is_some_and(|r| is_same(l, r)))
        }
        _ => left == right,
    }
}

/// What Python calls what a value is.
fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Integer(_) => "int",
        Value::Float(_) => "float",
        Value::Text(_) => "str",
        Value::List(_) => "list",
        Value::Map(_) => "dict",
    }
}

#[cfg(test)]
mod tests;
