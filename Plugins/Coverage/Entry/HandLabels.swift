import AssayKit
import JSONText

/// Categories that people gave to records: answers to the queues of an earlier run.
struct HandLabels: Sendable {
    static let codes = ["COV003", "COV004", "COV006"]

    /// Category by dimension and row.
    private var categories: [[Int: Int32]]

    /// Reads the setting `review`: decisions `relabel` whose label is `category` or
    /// `dimension: category`; of two about the same the later counts.
    ///
    /// - Throws: `AnalyzerError` for a category that the taxonomy does not have.
    init(_ setting: JSONValue?, _ taxonomy: Taxonomy) throws {
        categories = taxonomy.dimensions.map { _ in [:] }
        for entry in setting?.arrayValue ?? [] {
            guard let row = entry["row_index"]?.intValue, let code = entry["code"]?.stringValue,
                HandLabels.codes.contains(code), entry["decision"]?.stringValue == "relabel",
                let label = entry["label"]?.stringValue
            else { continue }
            let fits = taxonomy.dimensions.indices.compactMap { number -> (Int, Int32)? in
                let dimension = taxonomy.dimensions[number]
                let prefix = "\(dimension.name): "
                let name = label.hasPrefix(prefix) ? String(label.dropFirst(prefix.count)) : label
                return dimension.number(named: name).map { (number, $0) }
            }
            guard let fit = fits.first, fits.count == 1 else {
                let known = taxonomy.dimensions.filter { !$0.isOpen }.map(\.name)
                throw AnalyzerError(
                    "the review of row \(row + 1) says \"\(label)\", expected one category, as "
                        + "\"dimension: category\" with a dimension of "
                        + known.joined(separator: ", "), isConfiguration: true)
            }
            categories[fit.0][row] = fit.1
        }
    }

    /// Whether nothing was said.
    var isEmpty: Bool { categories.allSatisfy(\.isEmpty) }

    /// Whether something was said about a row.
    func speak(of row: Int) -> Bool { categories.contains { $0[row] != nil } }

    /// The category that was given to a row.
    func category(_ dimension: Int, row: Int) -> Int32? {
        categories[dimension].isEmpty ? nil : categories[dimension][row]
    }
}
