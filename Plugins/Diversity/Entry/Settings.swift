import AssayKit
import JSONText

/// What the user has asked of diversity.
struct Settings: Sendable {
    /// How a subset is chosen.
    enum SubsetMethod: String {
        case facilityLocation = "facility-location"
        case kCenter = "k-center"
    }

    /// What balancing gives.
    enum BalanceForm: String {
        case weights, copies
    }

    /// What records are balanced by.
    enum Balanced: Sendable, Equatable {
        case label, file, length, form, opener
        /// A key or JSON pointer.
        case field(String)

        init(_ text: String) {
            switch text {
            case "label": self = .label
            case "file": self = .file
            case "length": self = .length
            case "form": self = .form
            case "opener": self = .opener
            default: self = .field(text)
            }
        }
    }

    /// Jaccard similarity from which on two records are copies.
    let threshold: Double
    let leakThreshold: Double
    /// Cosine from which on two records are worth a look.
    let semanticThreshold: Double
    /// Jaccard similarity of prompts from which on they are of one template.
    let familyThreshold: Double
    let familySize: Int
    /// Records of each side that variety is measured of.
    let sampleSize: Int
    /// Records among which repeated prompts and responses, templates and semantic neighbours are looked for.
    let repetitionSize: Int
    let semanticSize: Int
    /// Least scores by dimension.
    let limits: [String: Double]
    let qualityField: String?
    let subsetSize: Int?
    let subsetMethod: SubsetMethod
    let balanced: Balanced?
    let balanceForm: BalanceForm
    let mostCopies: Int
    /// The first dimension of the taxonomy that a field tells.
    let domain: DomainField?

    init(_ value: JSONValue) throws {
        func integer(_ key: String, _ other: Int) -> Int { value[key]?.intValue ?? other }
        func number(_ key: String, _ other: Double) -> Double { value[key]?.doubleValue ?? other }
        threshold = number("near_threshold", 0.8)
        leakThreshold = number("leak_threshold", 0.8)
        semanticThreshold = number("semantic_threshold", 0.85)
        familyThreshold = number("family_threshold", 0.6)
        familySize = integer("family_size", 5)
        sampleSize = integer("sample_size", 2000)
        repetitionSize = integer("repetition_sample", 20000)
        semanticSize = integer("semantic_sample", 10000)
        var limits: [String: Double] = [:]
        for dimension in Dimension.allCases {
            if let limit = value["limits"]?[dimension.rawValue]?.doubleValue {
                limits[dimension.rawValue] = limit
            }
        }
        self.limits = limits
        qualityField = value["quality_field"]?.stringValue
        subsetSize = value["subset_size"]?.intValue
        subsetMethod =
            value["subset_method"]?.stringValue.flatMap(SubsetMethod.init) ?? .facilityLocation
        balanced = value["balance"]?.stringValue.map(Balanced.init)
        balanceForm = value["balance_by"]?.stringValue.flatMap(BalanceForm.init) ?? .weights
        mostCopies = integer("max_copies", 5)
        domain =
            (value["taxonomy"]?["dimensions"]?.arrayValue ?? []).lazy
            .compactMap(DomainField.init).first
    }
}

/// A field whose value is a record's domain.
struct DomainField: Sendable {
    /// A key or JSON pointer.
    let field: String
    /// Categories by value; empty where every value is one.
    private let categories: [String: String]

    /// The dimension of a taxonomy; `nil` for one that no field tells.
    init?(_ dimension: JSONValue) {
        guard let field = dimension["field"]?.stringValue else { return nil }
        self.field = field
        var categories: [String: String] = [:]
        for category in dimension["categories"]?.arrayValue ?? [] {
            guard let name = category.stringValue ?? category["name"]?.stringValue else { continue }
            let values = category["values"]?.arrayValue?.compactMap(\.stringValue) ?? [name]
            for value in values where categories[value] == nil { categories[value] = name }
        }
        self.categories = categories
    }

    /// The category of a value; empty for one that belongs to none.
    func category(of value: String) -> String {
        categories.isEmpty ? value : categories[value] ?? ""
    }
}

/// A respect in which data may be monotonous.
enum Dimension: String, CaseIterable, Sendable {
    case lexical, semantic, style, form, openers, language, domain

    /// What its score is.
    var help: String {
        switch self {
        case .lexical:
            "different pairs of words over all pairs, in so many words that the largest part of both sides has"
        case .semantic: "logarithm of the Vendi score over that of the number of records"
        case .style:
            "evenness of sentence kind, length, register, person and readability: entropy over its maximum, their mean"
        case .form: "evenness of layout and number of turns: entropy over its maximum"
        case .openers:
            "logarithm of the effective number of openers over that of the number of records"
        case .language: "chance that two records are in different languages"
        case .domain:
            "evenness of the taxonomy's categories by a field, or else of the labels, or of the files: entropy over its maximum"
        }
    }
}
