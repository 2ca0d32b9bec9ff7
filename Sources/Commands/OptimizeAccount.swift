import JSONText

/// What optimising came to: lines as it goes, or one JSON document at the end (`assay.optimize/1`).
final class OptimizeAccount {
    /// Whether it is one JSON document.
    let isJSON: Bool
    private var document: JSONObject = ["schema": "assay.optimize/1"]

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Says a line, or keeps what it says under a key.
    func tell(_ line: String, _ key: String, _ value: JSONValue) {
        document[key] = value
        if !isJSON { print(line) }
    }

    /// Prints the document, where it is wanted.
    func conclude() { if isJSON { print(JSONValue.object(document).text) } }
}
