import AssayKit
import JSONText

/// What the user has asked of distribution.
struct Settings: Sendable {
    /// What labels are brought to.
    enum Quotas: String {
        case none, uniform, reference
    }

    /// Records of each side that words, vectors and texts are compared of.
    let sampleSize: Int
    let rounds: Int
    let significance: Double
    /// Fields that are compared, by name.
    let fields: [String]
    /// Field that says which split a record is of; the file's name where `nil`.
    let splitField: String?
    /// Records of the resampled dataset; `nil` for none, or for as many as the quotas allow.
    let size: Int?
    let mostCopies: Int
    let quotas: Quotas
    let mostWeight: Double
    /// Power that weights are raised to before records are drawn.
    let sharpness: Double
    let givesWeights: Bool

    /// As the manifest's schema has them.
    static let copiesLimit: UInt32 = 100
    static let sizeLimit = 1_000_000_000

    init(_ value: JSONValue) throws {
        func integer(_ key: String, _ other: Int) -> Int { value[key]?.intValue ?? other }
        sampleSize = integer("sample_size", 5000)
        rounds = integer("permutations", 199)
        significance = value["significance"]?.doubleValue ?? 0.01
        fields = (value["fields"]?.arrayValue ?? []).compactMap(\.stringValue)
        splitField = value["split_field"]?.stringValue
        size = value["size"]?.intValue
        mostCopies = integer("max_copies", 1)
        quotas = value["quotas"]?.stringValue.flatMap(Quotas.init) ?? .none
        mostWeight = value["max_weight"]?.doubleValue ?? 20
        sharpness = value["sharpness"]?.doubleValue ?? 2
        givesWeights = value["weights"]?.boolValue ?? false
        if let twice = fields.first(where: { field in
            fields.count { Settings.familyName($0) == Settings.familyName(field) } > 1
        }) {
            throw AnalyzerError(
                "fields has two that are called \(Settings.familyName(twice)) in the report",
                isConfiguration: true)
        }
        let leastP = 1 / Double(rounds + 1)
        if leastP > significance {
            throw AnalyzerError(
                "with \(rounds) permutations p is never below \(NumberText.short(leastP)), and "
                    + "significance is \(NumberText.short(significance)): nothing could be found; take "
                    + "more permutations or a larger significance", isConfiguration: true)
        }
    }

    /// What a stated field is called in the names of metrics.
    static func familyName(_ field: String) -> String {
        "field_" + field.split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
    }

    /// The power for a draw: with copies weights are met as they are.
    var drawingPower: Double { mostCopies > 1 ? 1 : sharpness }

    /// Whether the records are looked at again to draw some of them.
    var wantsPlan: Bool { size != nil || quotas != .none || givesWeights }
}
