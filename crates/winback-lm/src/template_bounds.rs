//! What a chat template may make: so many bytes, and nothing that lies too deep in itself.
//!
//! Every text, list and map is weighed with all that lies in it where it is made, printed or handed to a filter, and
//! its weight is taken from a [`Budget`] that grows with the conversation. What can make more than it is given (a
//! text repeated, indented, replaced, joined, formatted) is weighed before it is made.
use crate::python;
use minijinja::value::{Kwargs, Rest, Tuple, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value, context, filters, functions};
use minijinja_contrib::pycompat;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

/// What any template may make, in bytes, and that for each byte of the conversation. Qwen3's makes about 20.
const BYTES: (u64, u64) = (16 << 20, 64);
/// How deep lists and maps may lie in one another; JSON from outside lies 128 deep at most.
const DEEPEST: usize = 160;
/// What a value takes beside its text.
const VALUE_BYTES: u64 = 32;
/// How deep macros and loops may call themselves.
const MOST_CALLS: usize = 100;
/// The widest field a template may format, in digits of its width.
const WIDTH_DIGITS: usize = 3;

/// The filters a template may use.
pub(crate) const FILTERS: [&str; 41] = [
    "abs",
    "attr",
    "bool",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
];

/// Those of them that make nothing, or nothing but a number, and so are free.
const LOOKS: [&str; 9] = ["attr", "bool", "count", "d", "default", "first", "last", "length", "safe"];

/// Says that a template made more than it may.
#[derive(Debug, thiserror::Error)]
#[error("more than a conversation of this length can need")]
pub(crate) struct TooLarge;

/// What is left to a template, in bytes.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU64);

impl Budget {
    /// Returns the budget for what a template is given.
    pub(crate) fn for_values<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<Self, Error> {
        let all = Self(AtomicU64::new(u64::MAX));
        let given: u64 = values.into_iter().map(|value| all.weigh(value)).sum::<Result<_, _>>()?;
        Ok(Self(AtomicU64::new(BYTES.0 + BYTES.1.saturating_mul(given))))
    }

    /// Takes bytes.
    fn charge(&self, bytes: u64) -> Result<u64, Error> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| bytes).map_err(|_| too_large())
    }

    fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes what a value weighs with all that lies in it, and returns it.
    fn weigh(&self, value: &Value) -> Result<u64, Error> {
        self.weigh_inside(value, 0)
    }

    fn weigh_inside(&self, value: &Value, depth: usize) -> Result<u64, Error> {
        // A namespace in a value could hold that value, and then never ends.
        if depth > DEEPEST || depth > 0 && is_namespace(value) {
            return Err(too_large());
        }
        let own = self.charge(VALUE_BYTES + value.as_bytes().map_or(0, |bytes| bytes.len() as u64))?;
        let inside: u64 = match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                value.try_iter()?.map(|item| self.weigh_inside(&item, depth + 1)).sum::<Result<_, _>>()?
            }
            ValueKind::Map => {
                let pair = |(key, value): (Value, Value)| {
                    Ok::<_, Error>(self.weigh_inside(&key, depth + 1)? + self.weigh_inside(&value, depth + 1)?)
                };
                let pairs = value.as_object().and_then(|map| map.try_iter_pairs());
                pairs.into_iter().flatten().map(pair).sum::<Result<_, _>>()?
            }
            _ => 0,
        };
        Ok(own.saturating_add(inside))
    }

    /// Takes what a new value weighs, and returns it as a list where it would be made anew at each use.
    fn made(&self, state: &mut State, value: Value) -> Result<Value, Error> {
        self.weigh(&value)?;
        if value.kind() == ValueKind::Iterable { Value::from_function(filters::list).call(state, &[value]) } else { Ok(value) }
    }

    /// Takes what values weigh that go somewhere for good; a namespace may not.
    fn store(&self, values: &[Value]) -> Result<(), Error> {
        values.iter().try_for_each(|value| self.weigh_inside(value, 1).map(|_| ()))
    }
}

fn too_large() -> Error {
    Error::new(ErrorKind::InvalidOperation, "too large").with_source(TooLarge)
}

fn is_namespace(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("::Namespace"))
}

/// Returns an environment in which everything is charged.
pub(crate) fn environment(budget: &Arc<Budget>) -> Environment<'static> {
    let mut environment = Environment::new();
    // Errors of a debugging engine carry the values of variables, and these are what people wrote.
    environment.set_debug(false);
    environment.set_recursion_limit(MOST_CALLS);
    for name in ["batch", "chain", "groupby", "lines", "pprint", "slice", "urlencode", "zip"] {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
    let own = budget.clone();
    environment.set_formatter(move |out, _, value| own.weigh(value).and_then(|_| python::write(out, value)));
    let own = budget.clone();
    environment.set_unknown_method_callback(move |state, value, method, args| {
        let all: Vec<Value> = std::iter::once(value).chain(args).cloned().collect();
        own.store(args)?;
        own.weigh(value)?;
        match (method, args) {
            // The list comes first where this is a filter.
            ("join", [list]) => own.more(method, &[list.clone(), value.clone()])?,
            _ => own.more(method, &all)?,
        }
        let value = pycompat::unknown_method_callback(state, value, method, args)?;
        own.made(state, value)
    });
    for name in FILTERS.into_iter().filter(|name| !LOOKS.contains(name)) {
        let (own, filter) = (budget.clone(), filter(name, budget));
        environment.add_filter(name, move |state: &mut State, args: Rest<Value>, named: Kwargs| {
            let args = with_named(args, named);
            args.iter().try_for_each(|value| own.weigh(value).map(|_| ()))?;
            own.more(name, &args)?;
            if name == "sum" {
                adds_numbers(&args)?;
            }
            let value = filter.call(state, &args)?;
            own.made(state, value)
        });
    }
    operators(&mut environment, budget);
    environment
}

/// Refuses a sum that starts with anything but a number: the engine puts texts and lists together one by one, and copies
/// all that is there at each. What starts with a number takes numbers only.
fn adds_numbers(args: &[Value]) -> Result<(), Error> {
    let in_third_place = args.get(2).filter(|value| !value.is_kwargs()).cloned();
    let by_name = args.iter().filter_map(|value| Kwargs::try_from(value.clone()).ok()).find_map(|named| named.peek("start").ok());
    match in_third_place.or(by_name) {
        Some::<Value>(start) if start.kind() != ValueKind::Number => {
            Err(Error::new(ErrorKind::InvalidOperation, format!("sum adds numbers, and was to start with a {}", start.kind())))
        }
        _ => Ok(()),
    }
}

/// Returns all arguments as the engine hands them over: those with names as one, behind the others.
fn with_named(Rest(mut args): Rest<Value>, named: Kwargs) -> Vec<Value> {
    if named.args().next().is_some() {
        args.push(named.into());
    }
    args
}

/// Adds the functions that stand for instructions; no template can write their names.
fn operators(environment: &mut Environment, budget: &Arc<Budget>) {
    let mut add = |name: &'static str, run: fn(&Budget, &mut State, &[Value]) -> Result<Value, Error>| {
        let own = budget.clone();
        environment
            .add_function(name, move |state: &mut State, args: Rest<Value>, named: Kwargs| run(&own, state, &with_named(args, named)));
    };
    add("+", |own, state, args| match args {
        [a, b] => {
            own.both(a, b)?;
            own.made(state, computed("a + b", args)?)
        }
        _ => Err(too_large()),
    });
    add("~", |own, state, args| match args {
        [a, b] => {
            own.both(a, b)?;
            own.made(state, computed("a ~ b", args)?)
        }
        _ => Err(too_large()),
    });
    add("*", |own, state, args| {
        let weights = args.iter().map(|value| own.weigh(value)).collect::<Result<Vec<_>, _>>()?;
        let times = args.iter().filter_map(|value| value.as_i64()).max().unwrap_or(1).max(1).unsigned_abs();
        let is_number = args.iter().all(|value| value.kind() == ValueKind::Number);
        if !is_number {
            own.charge(times.saturating_mul(weights.iter().sum()))?;
        }
        own.made(state, computed("a * b", args)?)
    });
    add("[:]", |own, state, args| own.made(state, computed("a[b:c:d]", args)?));
    add("[]", |own, _, args| own.store(args).map(|()| Value::from(args.to_vec())));
    add("()", |own, _, args| own.store(args).map(|()| Value::from(Tuple::from(args.to_vec()))));
    add("{}", |own, _, args| {
        own.store(args)?;
        let map: BTreeMap<Value, Value> = args.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        Ok(Value::from_object(map))
    });
    add("=", |own, _, args| {
        own.store(args)?;
        args.first().cloned().ok_or_else(too_large)
    });
    add("namespace", |own, state, args| {
        own.store(args)?;
        Value::from_function(functions::namespace).call(state, args)
    });
    add("dict", |own, state, args| {
        own.store(args)?;
        Value::from_function(functions::dict).call(state, args)
    });
}

/// Returns what the engine computes by itself.
fn computed(expression: &'static str, args: &[Value]) -> Result<Value, Error> {
    static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(|| {
        let mut environment = Environment::new();
        environment.set_debug(false);
        environment
    });
    let arg = |at: usize| args.get(at).cloned().unwrap_or_default();
    PLAIN.compile_expression(expression)?.eval(context! { a => arg(0), b => arg(1), c => arg(2), d => arg(3) })
}

impl Budget {
    /// Refuses two values that are too large to be put together. What comes of them is charged when it is there.
    fn both(&self, a: &Value, b: &Value) -> Result<(), Error> {
        let text = |value: &Value| value.as_bytes().map(|bytes| bytes.len() as u64);
        match (text(a), text(b)) {
            (Some(a), Some(b)) if a.saturating_add(b) > self.left() => Err(too_large()),
            (Some(_), Some(_)) => Ok(()),
            // What lies in a list was charged with it.
            _ => Ok(()),
        }
    }

    /// Takes what a filter or method makes beyond the size of what it is given.
    fn more(&self, name: &str, args: &[Value]) -> Result<(), Error> {
        let Some(value) = args.first() else { return Ok(()) };
        let text = |at: usize| args.get(at).and_then(Value::as_str).unwrap_or_default();
        let most = |bytes: u64, times: usize| bytes.saturating_mul(times as u64);
        let bytes = match name {
            "replace" if text(1).is_empty() => most(text(2).len() as u64, text(0).chars().count() + 1),
            "replace" => most(text(2).len() as u64, text(0).matches(text(1)).count()),
            "join" => {
                let between = args[1..].iter().map(longest).max().unwrap_or_default();
                most(between, value.try_iter().map_or(0, Iterator::count))
            }
            "indent" => most(args[1..].iter().map(largest).max().unwrap_or(4).max(4), text(0).lines().count() + 1),
            "format" if too_wide(text(0)) => return Err(too_large()),
            _ => 0,
        };
        self.charge(bytes).map(|_| ())
    }
}

/// Returns the length of a text, or of the longest among named arguments.
fn longest(value: &Value) -> u64 {
    let own = value.as_str().map_or(0, str::len) as u64;
    named(value).map(|value| value.as_str().map_or(0, str::len) as u64).fold(own, u64::max)
}

/// Returns a number, or the largest among named arguments.
fn largest(value: &Value) -> u64 {
    let number = |value: &Value| value.as_i64().map_or(0, |number| number.max(0).unsigned_abs());
    named(value).map(|value| number(&value)).fold(number(value), u64::max)
}

fn named(value: &Value) -> impl Iterator<Item = Value> {
    let kwargs = Kwargs::try_from(value.clone()).ok();
    let values: Vec<Value> = kwargs.iter().flat_map(|kwargs| kwargs.args().filter_map(|name| kwargs.peek(name).ok())).collect();
    values.into_iter()
}

/// Returns whether a format could make a field wider than [`WIDTH_DIGITS`] digits say, or takes its width from elsewhere.
fn too_wide(format: &str) -> bool {
    let digits = format.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max().unwrap_or_default();
    let nested = format.split('{').any(|part| part.contains(':') && !part.contains('}'));
    digits > WIDTH_DIGITS || format.contains('*') || nested
}

/// Returns a filter of the engine, or `tojson` as Python has it.
fn filter(name: &str, budget: &Arc<Budget>) -> Value {
    match name {
        "abs" => Value::from_function(filters::abs),
        "capitalize" => Value::from_function(filters::capitalize),
        "dictsort" => Value::from_function(filters::dictsort),
        "e" | "escape" => Value::from_function(filters::escape),
        "float" => Value::from_function(filters::float),
        "format" => Value::from_function(filters::format),
        "indent" => Value::from_function(filters::indent),
        "int" => Value::from_function(filters::int),
        "items" => Value::from_function(filters::items),
        "join" => Value::from_function(filters::join),
        "list" => Value::from_function(filters::list),
        "lower" => Value::from_function(filters::lower),
        "map" => Value::from_function(filters::map),
        "max" => Value::from_function(filters::max),
        "min" => Value::from_function(filters::min),
        "reject" => Value::from_function(filters::reject),
        "rejectattr" => Value::from_function(filters::rejectattr),
        "replace" => Value::from_function(filters::replace),
        "reverse" => Value::from_function(filters::reverse),
        "round" => Value::from_function(filters::round),
        "select" => Value::from_function(filters::select),
        "selectattr" => Value::from_function(filters::selectattr),
        "sort" => Value::from_function(filters::sort),
        "split" => Value::from_function(filters::split),
        "string" => Value::from_function(filters::string),
        "sum" => Value::from_function(filters::sum),
        "title" => Value::from_function(filters::title),
        "trim" => Value::from_function(filters::trim),
        "unique" => Value::from_function(filters::unique),
        "upper" => Value::from_function(filters::upper),
        _ => {
            let own = budget.clone();
            Value::from_function(move |value: Value, options: Kwargs| python::tojson(&value, &options, own.left()))
        }
    }
}
