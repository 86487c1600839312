//! Messages read and written by the text of a `.proto` file alone, as JSON: what a client knows that has nothing but it.
//!
//! Invariant: no message type of a service is used, so a service whose types are not what its file says is found out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use service::routes::Route;

/// A `.proto` file: of proto3 what ours use.
pub struct Proto {
    package: String,
    messages: BTreeMap<String, Vec<Field>>,
    methods: Vec<Method>,
}

/// A method of a service.
#[derive(Clone, Debug)]
pub struct Method {
    /// Where it is called: `/package.Service/Name`.
    pub path: String,
    /// The message that it takes.
    pub request: String,
    /// The message that it answers.
    pub response: String,
}

struct Field {
    label: Label,
    kind: String,
    name: String,
    number: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    One,
    Optional,
    Repeated,
}

const VARINT: u64 = 0;
const BYTES: u64 = 2;

impl Proto {
    /// The file of this text.
    ///
    /// # Panics
    /// If it has what is not understood here.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let code = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default());
        let code: String = code.collect::<Vec<_>>().join("\n");
        let spaced = ["{", "}", "(", ")", ";", "="]
            .iter()
            .fold(code, |code, sign| code.replace(sign, &format!(" {sign} ")));
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut proto = Self {
            package: String::new(),
            messages: BTreeMap::new(),
            methods: Vec::new(),
        };
        let mut rest = &words[..];
        while !rest.is_empty() {
            rest = match rest {
                ["syntax", "=", "\"proto3\"", ";", rest @ ..] => rest,
                ["package", name, ";", rest @ ..] => {
                    (*name).clone_into(&mut proto.package);
                    rest
                }
                ["service", name, "{", rest @ ..] => proto.service(name, rest),
                ["message", name, "{", rest @ ..] => proto.message(name, rest),
                other => panic!("not understood: {:?}", &other[..other.len().min(6)]),
            };
        }
        proto
    }

    fn service<'w>(&mut self, service: &str, mut rest: &'w [&'w str]) -> &'w [&'w str] {
        loop {
            match rest {
                ["}", after @ ..] => return after,
                [
                    "rpc",
                    name,
                    "(",
                    request,
                    ")",
                    "returns",
                    "(",
                    response,
                    ")",
                    ";",
                    after @ ..,
                ] => {
                    self.methods.push(Method {
                        path: format!("/{}.{service}/{name}", self.package),
                        request: (*request).to_owned(),
                        response: (*response).to_owned(),
                    });
                    rest = after;
                }
                other => panic!("no method: {:?}", &other[..other.len().min(6)]),
            }
        }
    }

    fn message<'w>(&mut self, message: &str, mut rest: &'w [&'w str]) -> &'w [&'w str] {
        let mut fields: Vec<Field> = Vec::new();
        loop {
            let (label, after) = match rest {
                ["}", after @ ..] => {
                    self.messages.insert(message.to_owned(), fields);
                    return after;
                }
                ["optional", after @ ..] => (Label::Optional, after),
                ["repeated", after @ ..] => (Label::Repeated, after),
                after => (Label::One, after),
            };
            let [kind, name, "=", number, ";", after @ ..] = after else {
                panic!("no field of {message}: {:?}", &after[..after.len().min(6)]);
            };
            let number = number.parse().expect("a number");
            let taken = fields
                .iter()
                .any(|field| field.number == number || field.name == *name);
            assert!(!taken, "{message} has {name} = {number} twice");
            fields.push(Field {
                label,
                kind: (*kind).to_owned(),
                name: (*name).to_owned(),
                number,
            });
            rest = after;
        }
    }

    /// Every method of its services.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Holds that `table` has a row for each method, and none for another.
    ///
    /// # Panics
    /// If it is not so.
    pub fn is_served(&self, table: &[Route]) {
        let served = table.iter().map(|row| row.path);
        let served: BTreeSet<_> = served.filter(|path| path.contains('.')).collect();
        let promised = self.methods.iter().map(|method| &*method.path);
        assert_eq!(served, promised.collect());
    }

    /// A message out of its JSON, in one frame of gRPC.
    ///
    /// # Panics
    /// If the JSON has a member that the message has not, or of another type.
    #[must_use]
    pub fn framed(&self, message: &str, value: &Value) -> Vec<u8> {
        let body = self.encode(message, value);
        let mut frame = vec![0];
        frame.extend(u32::try_from(body.len()).expect("short").to_be_bytes());
        frame.extend(body);
        frame
    }

    /// The message in one frame of gRPC, as JSON; what is not set has its default.
    ///
    /// # Panics
    /// If the bytes are no frame, or hold what the message has not.
    #[must_use]
    pub fn unframed(&self, message: &str, frame: &[u8]) -> Value {
        let (head, body) = frame.split_at(5);
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        assert_eq!((head[0], length as usize), (0, body.len()));
        self.decode(message, body)
    }

    fn fields(&self, message: &str) -> &[Field] {
        let found = self.messages.get(message);
        found.unwrap_or_else(|| panic!("there is no message {message}"))
    }

    fn encode(&self, message: &str, value: &Value) -> Vec<u8> {
        let members = value.as_object().expect("an object");
        let mut body = Vec::new();
        for (name, value) in members {
            let field = self.fields(message).iter().find(|one| one.name == *name);
            let field = field.unwrap_or_else(|| panic!("{message} has no {name}"));
            match value {
                Value::Array(items) if field.label == Label::Repeated => {
                    for item in items {
                        self.put(field, item, &mut body);
                    }
                }
                one => self.put(field, one, &mut body),
            }
        }
        body
    }

    fn put(&self, field: &Field, value: &Value, body: &mut Vec<u8>) {
        let bytes = match field.kind.as_str() {
            "int64" | "bool" => {
                let number = value
                    .as_i64()
                    .unwrap_or_else(|| i64::from(value == &json!(true)));
                varint(field.number << 3 | VARINT, body);
                varint(number.cast_unsigned(), body);
                return;
            }
            "string" => value.as_str().expect("a text").as_bytes().to_vec(),
            other => self.encode(other, value),
        };
        varint(field.number << 3 | BYTES, body);
        varint(bytes.len() as u64, body);
        body.extend(bytes);
    }

    fn decode(&self, message: &str, mut body: &[u8]) -> Value {
        let mut members: Map<String, Value> = self
            .fields(message)
            .iter()
            .map(|field| (field.name.clone(), absent(field)))
            .collect();
        while !body.is_empty() {
            let key = read(&mut body);
            let field = self
                .fields(message)
                .iter()
                .find(|one| one.number == key >> 3);
            let field = field.unwrap_or_else(|| panic!("{message} has no field {}", key >> 3));
            let value = match (field.kind.as_str(), key & 7) {
                ("int64", VARINT) => json!(read(&mut body).cast_signed()),
                ("bool", VARINT) => json!(read(&mut body) == 1),
                (kind, BYTES) if !["int64", "bool"].contains(&kind) => {
                    let length = usize::try_from(read(&mut body)).expect("a length");
                    let (bytes, rest) = body.split_at(length);
                    body = rest;
                    if kind == "string" {
                        json!(std::str::from_utf8(bytes).expect("a text"))
                    } else {
                        self.decode(kind, bytes)
                    }
                }
                (kind, wire) => panic!("{message}.{} is a {kind}, sent as {wire}", field.name),
            };
            match members.get_mut(&field.name) {
                Some(Value::Array(items)) => items.push(value),
                _ => drop(members.insert(field.name.clone(), value)),
            }
        }
        Value::Object(members)
    }
}

fn absent(field: &Field) -> Value {
    match (field.label, field.kind.as_str()) {
        (Label::Repeated, _) => json!([]),
        (Label::One, "string") => json!(""),
        (Label::One, "int64") => json!(0),
        (Label::One, "bool") => json!(false),
        _ => Value::Null,
    }
}

fn varint(mut number: u64, body: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            body.push(low);
            return;
        }
        body.push(low | 0x80);
    }
}

fn read(body: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = body.split_first().expect("a number goes on");
        *body = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
    }
    panic!("a number of more than ten bytes");
}
