//! Bodies out of the contract.

use serde_json::{Map, Value, json};

/// A body of this schema: what is required, with the contract's own examples where it has some.
pub fn example(schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return example(huiyin::http::contract().pointer(name.trim_start_matches('#')).unwrap());
    }
    for given in ["/example", "/examples/0", "/enum/0", "/const"] {
        if let Some(value) = schema.pointer(given) {
            return value.clone();
        }
    }
    for choice in ["/oneOf/0", "/anyOf/0"] {
        if let Some(first) = schema.pointer(choice) {
            return example(first);
        }
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("object"), _) => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            Value::Object(
                required.map(|name| (name.to_owned(), example(&schema["properties"][name]))).collect::<Map<_, _>>(),
            )
        }
        (Some("array"), _) => json!([example(&schema["items"])]),
        (_, Some("uuid")) => json!(uuid::Uuid::now_v7()),
        (Some("integer" | "number"), _) => json!(1),
        _ => Value::Null,
    }
}
