//! JMESPath's functions.
//!
//! What each takes is checked in one place, in the words of Python's library.

use super::{QueryError, evaluate, is_same, order, python_type};
use crate::output::json;
use crate::python;
use crate::value::Value;
use jmespath::ast::Ast;
use std::cmp::Ordering;

/// An argument: a value, or an expression for the function to evaluate.
#[derive(Debug)]
pub(super) enum Argument<'a> {
    Value(Value),
    Expression(&'a Ast),
}

impl Argument<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Argument::Value(value) => kind(value),
            Argument::Expression(_) => "expref",
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Integer(_) | Value::Float(_) => "number",
        Value::Text(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

/// What a function takes in one place: any of these; anything, if there are none. `array-number`
/// is a list of numbers.
type Types = &'static [&'static str];

/// A function: its name, what it takes, and whether the last of that may come again.
struct Function {
    name: &'static str,
    takes: &'static [Types],
    repeats: bool,
    run: Run,
}

/// What a function does when its arguments are what it takes.
enum Run {
    /// It makes one of others.
    Values(fn(&[Value]) -> Value),
    /// It evaluates an expression for each item of a list.
    Each(fn(&'static str, &[Value], &Ast) -> Result<Value, QueryError>),
}

const ANY: Types = &[];
const NUMBER: Types = &["number"];
const NUMBERS: Types = &["array-number"];
const TEXT: Types = &["string"];
const LIST: Types = &["array"];
const MAP: Types = &["object"];
const EXPRESSION: Types = &["expref"];
const ORDERED: Types = &["array-number", "array-string"];

const FUNCTIONS: &[Function] = &[
    plain("abs", &[NUMBER], |values| match values[0].as_integer() {
        Some(number) => match number.checked_abs() {
            Some(number) => Value::Integer(number),
            None => Value::Float((number as f64).abs()),
        },
        None => Value::Float(float(&values[0]).abs()),
    }),
    plain("avg", &[NUMBERS], |values| match values[0].items() {
        [] => Value::Null,
        items => Value::Float(float(&sum(items)) / items.len() as f64),
    }),
    plain("ceil", &[NUMBER], |values| whole(&values[0], f64::ceil)),
    plain("contains", &[&["array", "string"], ANY], |values| match (&values[0], &values[1]) {
        (Value::Text(text), Value::Text(part)) => Value::Bool(text.contains(part.as_str())),
        (list, sought) => Value::Bool(list.items().iter().any(|item| is_same(item, sought))),
    }),
    plain("ends_with", &[TEXT, TEXT], |v| Value::Bool(text(&v[0]).ends_with(text(&v[1])))),
    plain("floor", &[NUMBER], |values| whole(&values[0], f64::floor)),
    plain("join", &[TEXT, &["array-string"]], |values| {
        let parts: Vec<&str> = values[1].items().iter().map(text).collect();
        Value::text(parts.join(text(&values[0])))
    }),
    plain("keys", &[MAP], |values| {
        Value::List(values[0].entries().iter().map(|(key, _)| Value::text(key)).collect())
    }),
    plain("length", &[&["string", "array", "object"]], |values| {
        let length = match &values[0] {
            Value::Text(text) => text.chars().count(),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Map(_) => values[0].items().len() + values[0].entries().len(),
        };
        Value::Integer(length as i64)
    }),
    each("map", &[EXPRESSION, LIST], |_, items, expression| {
        let mapped = items.iter().map(|item| evaluate(expression, item));
        Ok(Value::List(mapped.collect::<Result<_, _>>()?))
    }),
    plain("max", &[ORDERED], |values| extreme(values[0].items(), Ordering::is_gt)),
    each("max_by", &[LIST, EXPRESSION], |name, items, expression| {
        extreme_by(name, items, expression, Ordering::is_gt)
    }),
    Function {
        name: "merge",
        takes: &[MAP],
        repeats: true,
        run: Run::Values(|values| {
            let mut merged = Value::map();
            for (key, value) in values.iter().flat_map(Value::entries) {
                merged.set(key, value.clone());
            }
            merged
        }),
    },
    plain("min", &[ORDERED], |values| extreme(values[0].items(), Ordering::is_lt)),
    each("min_by", &[LIST, EXPRESSION], |name, items, expression| {
        extreme_by(name, items, expression, Ordering::is_lt)
    }),
    Function {
        name: "not_null",
        takes: &[ANY],
        repeats: true,
        run: Run::Values(|values| {
            let found = values.iter().find(|value| **value != Value::Null);
            found.cloned().unwrap_or(Value::Null)
        }),
    },
    plain("reverse", &[&["array", "string"]], |values| match values[0].as_text() {
        Some(text) => Value::Text(text.chars().rev().collect()),
        None => Value::List(values[0].items().iter().rev().cloned().collect()),
    }),
    plain("sort", &[&["array-string", "array-number"]], |values| {
        let mut items = values[0].items().to_vec();
        items.sort_by(|left, right| order(left, right).unwrap_or(Ordering::Equal));
        Value::List(items)
    }),
    each("sort_by", &[LIST, EXPRESSION], sort_by),
    plain("starts_with", &[TEXT, TEXT], |v| Value::Bool(text(&v[0]).starts_with(text(&v[1])))),
    plain("sum", &[NUMBERS], |values| sum(values[0].items())),
    plain("to_array", &[ANY], |values| match kind(&values[0]) {
        "array" => values[0].clone(),
        _ => Value::List(values.to_vec()),
    }),
    plain("to_number", &[ANY], |values| match &values[0] {
        number @ (Value::Integer(_) | Value::Float(_)) => number.clone(),
        Value::Text(text) => match text.trim().parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => text.trim().parse().map_or(Value::Null, Value::Float),
        },
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => Value::Null,
    }),
    plain("to_string", &[ANY], |values| match values[0].as_text() {
        Some(text) => Value::text(text),
        None => Value::Text(compact(&values[0])),
    }),
    plain("type", &[ANY], |values| Value::text(kind(&values[0]))),
    plain("values", &[MAP], |values| {
        Value::List(values[0].entries().iter().map(|(_, value)| value.clone()).collect())
    }),
];

/// A function of values alone.
const fn plain(
    name: &'static str,
    takes: &'static [Types],
    run: fn(&[Value]) -> Value,
) -> Function {
    Function { name, takes, repeats: false, run: Run::Values(run) }
}

/// A function of a list and an expression.
const fn each(
    name: &'static str,
    takes: &'static [Types],
    run: fn(&'static str, &[Value], &Ast) -> Result<Value, QueryError>,
) -> Function {
    Function { name, takes, repeats: false, run: Run::Each(run) }
}

/// Calls a function.
pub(super) fn call(name: &str, arguments: Vec<Argument<'_>>) -> Result<Value, QueryError> {
    let function = FUNCTIONS.iter().find(|function| function.name == name);
    let function = function.ok_or_else(|| QueryError::UnknownFunction(name.to_owned()))?;
    function.check(&arguments)?;
    let mut expression = None;
    let mut values = Vec::new();
    for argument in arguments {
        match argument {
            Argument::Value(value) => values.push(value),
            Argument::Expression(ast) => expression = Some(ast),
        }
    }
    match function.run {
        Run::Values(run) => Ok(run(&values)),
        Run::Each(run) => {
            run(function.name, values[0].items(), expression.expect("it was checked to be there"))
        }
    }
}

impl Function {
    fn check(&self, arguments: &[Argument<'_>]) -> Result<(), QueryError> {
        let (wanted, given) = (self.takes.len(), arguments.len());
        let fits = if self.repeats { wanted <= given } else { wanted == given };
        if !fits {
            let function = self.name;
            return Err(QueryError::Arity { function, at_least: self.repeats, wanted, given });
        }
        for (argument, types) in arguments.iter().zip(self.takes) {
            self.check_one(argument, types)?;
        }
        Ok(())
    }

    fn check_one(&self, argument: &Argument<'_>, types: Types) -> Result<(), QueryError> {
        let wrong = |value: &Value, received| {
            let (function, value) = (self.name, python::shown(value));
            Err(QueryError::Type { function, value, wanted: types, received })
        };
        let is_taken = |kind: &str| types.iter().any(|t| t.split('-').next() == Some(kind));
        if types.is_empty() || is_taken(argument.kind()) {
            // Nothing is said yet of the items of a list.
        } else {
            return match argument {
                Argument::Value(value) => wrong(value, argument.kind()),
                Argument::Expression(_) => wrong(&Value::text("&"), argument.kind()),
            };
        }
        let Argument::Value(Value::List(items)) = argument else { return Ok(()) };
        let of_items: Vec<&str> = types.iter().filter_map(|t| Some(t.split_once('-')?.1)).collect();
        let Some(first) = items.first().filter(|_| !of_items.is_empty()) else { return Ok(()) };
        // All must be of one kind, and that one of those that are taken.
        let wanted = match of_items.as_slice() {
            [only] => *only,
            _ => kind(first),
        };
        let is_wrong = |item: &&Value| kind(item) != wanted || !of_items.contains(&kind(item));
        match items.iter().find(is_wrong) {
            Some(item) => wrong(item, python_type(item)),
            None => Ok(()),
        }
    }
}

/// The items with what an expression finds in each.
fn keyed<'a>(items: &'a [Value], expression: &Ast) -> Result<Vec<(Value, &'a Value)>, QueryError> {
    items.iter().map(|item| Ok((evaluate(expression, item)?, item))).collect()
}

/// Sorts by keys that are numbers or texts, and all of the kind of the first.
fn sort_by(name: &'static str, items: &[Value], expression: &Ast) -> Result<Value, QueryError> {
    let mut sorted = keyed(items, expression)?;
    let kind_of_first = sorted.first().map(|(first, _)| kind(first));
    for (index, (key, item)) in sorted.iter().enumerate() {
        let (wanted, shown): (Types, &Value) = match kind_of_first {
            _ if index == 0 => (&["string", "number"], item),
            Some("string") => (&["string"], key),
            Some(_) | None => (&["number"], key),
        };
        check_key(name, key, wanted, shown)?;
    }
    sorted.sort_by(|(left, _), (right, _)| order(left, right).unwrap_or(Ordering::Equal));
    Ok(Value::List(sorted.into_iter().map(|(_, item)| item.clone()).collect()))
}

fn check_key(
    function: &'static str,
    key: &Value,
    wanted: Types,
    shown: &Value,
) -> Result<(), QueryError> {
    let received = kind(key);
    if wanted.contains(&received) {
        return Ok(());
    }
    Err(QueryError::Type { function, value: python::shown(shown), wanted, received })
}

/// The first item whose key is before, or behind, those of all others.
fn extreme_by(
    name: &'static str,
    items: &[Value],
    expression: &Ast,
    is_better: fn(Ordering) -> bool,
) -> Result<Value, QueryError> {
    let keyed = keyed(items, expression)?;
    for (key, _) in &keyed {
        check_key(name, key, &["number", "string"], key)?;
    }
    let best = keyed.into_iter().reduce(|best, other| {
        if order(&other.0, &best.0).is_some_and(is_better) { other } else { best }
    });
    Ok(best.map_or(Value::Null, |(_, item)| item.clone()))
}

fn extreme(items: &[Value], is_better: fn(Ordering) -> bool) -> Value {
    let best = items
        .iter()
        .reduce(|best, other| if order(other, best).is_some_and(is_better) { other } else { best });
    best.cloned().unwrap_or(Value::Null)
}

fn text(value: &Value) -> &str {
    value.as_text().expect("it was checked to be a text")
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            unreachable!("it was checked to be a number")
        }
    }
}

/// Of whole numbers a whole one, as long as it fits.
fn sum(numbers: &[Value]) -> Value {
    let whole = numbers.iter().try_fold(0_i64, |sum, number| sum.checked_add(number.as_integer()?));
    match whole {
        Some(sum) => Value::Integer(sum),
        None => Value::Float(numbers.iter().map(float).sum()),
    }
}

fn whole(number: &Value, round: fn(f64) -> f64) -> Value {
    if let Value::Integer(_) = number {
        return number.clone();
    }
    let rounded = round(float(number));
    let fits = rounded.abs() < i64::MAX as f64;
    if fits { Value::Integer(rounded as i64) } else { Value::Float(rounded) }
}

/// JSON without spaces and in ASCII.
fn compact(value: &Value) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(compact).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(entries) => {
            let entry = |(key, value): &(String, Value)| {
                format!("{}:{}", python::json(key), compact(value))
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Text(text) => python::json(text),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => json::scalar(value),
    }
}
