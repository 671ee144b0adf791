//! Reads a request's body: JSON, or multipart with `payload_json` and files.

use super::recorder::File;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

/// The JSON and the files of a body, or why it cannot be read.
pub(super) async fn read(content_type: &str, bytes: Bytes) -> Result<(Value, Vec<File>), String> {
    if bytes.is_empty() {
        return Ok((Value::Null, Vec::new()));
    }
    if !content_type.starts_with("multipart/form-data") {
        return serde_json::from_slice(&bytes).map(|json| (json, Vec::new())).map_err(|e| format!("not JSON: {e}"));
    }
    let boundary = multer::parse_boundary(content_type).map_err(|e| e.to_string())?;
    let mut form = multer::Multipart::new(stream::iter([Ok::<_, std::io::Error>(bytes)]), boundary);
    let (mut json, mut files) = (Value::Null, Vec::new());
    while let Some(field) = form.next_field().await.map_err(|e| e.to_string())? {
        let part = field.name().unwrap_or_default().to_owned();
        if part == "payload_json" {
            let text = field.bytes().await.map_err(|e| e.to_string())?;
            json = serde_json::from_slice(&text).map_err(|e| format!("payload_json: {e}"))?;
            continue;
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let kind = field.content_type().map(ToString::to_string).unwrap_or_default();
        let bytes = field.bytes().await.map_err(|e| e.to_string())?.to_vec();
        files.push(File { part, name, kind, bytes });
    }
    Ok((json, files))
}
