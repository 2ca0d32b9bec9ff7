import PluginHost
import Reading
import Records

/// Fields that somebody has stated, of which the records must have at least one value.
struct StatedFields {
    /// A field and by what it was stated.
    private struct Entry {
        let pointer: String
        let origin: String
        /// Whether it holds what a person reads.
        let isText: Bool
        /// Whether no record can do without it.
        let isAsked: Bool
    }

    private let entries: [Entry]
    /// Pointers that no file has had so far, by role.
    private var missing: [Role: Set<String>] = [:]

    /// `fields` are those of `--fields`, `named` those of settings.
    init(
        fields: [(part: String, pointer: String)] = [],
        named: [(field: String, analyzer: String)] = []
    ) {
        entries =
            fields.flatMap { part, value in
                FieldMapping.pointers(value).map {
                    Entry(
                        pointer: $0, origin: "--fields \(part)=\(value)",
                        isText: ["prompt", "response", "text", "turns"].contains(part),
                        isAsked: ["prompt", "text", "turns"].contains(part))
                }
            }
            + named.map {
                Entry(
                    pointer: FieldMapping.pointer($0.field),
                    origin: "field \($0.field) in a setting of \($0.analyzer)", isText: false,
                    isAsked: false)
            }
    }

    /// Looks for the fields in one file of a role; `isLast` when it has no more files.
    ///
    /// What no record of the data has is told by a warning.
    ///
    /// - Throws: `UsageError` when a prompt, or all that is to be read of another dataset, has a field that nothing
    ///   has, with what there is and what may be meant.
    mutating func look(in source: SourceBytes, as role: Role, isLast: Bool) throws {
        let wanted = entries.filter { role == .data || $0.isText }
        guard !wanted.isEmpty else { return }
        let before = missing[role] ?? Set(wanted.map(\.pointer))
        let left = Set(DatasetReader.missing(before.sorted(), in: source))
        missing[role] = left
        guard isLast, !left.isEmpty else { return }
        let asked = wanted.filter(\.isAsked)
        let isUnread = !asked.isEmpty && asked.allSatisfy { left.contains($0.pointer) }
        let keys = DatasetReader.inspect(source).keys
        var told: Set<String> = []
        for entry in wanted
        where left.contains(entry.pointer) && told.insert(entry.pointer).inserted {
            let name = entry.pointer.split(separator: "/").first.map(String.init) ?? entry.pointer
            let listed = keys.isEmpty ? "none" : keys.prefix(20).joined(separator: ", ")
            let fault =
                "\(source.name): no record has a value at \(entry.pointer), stated by \(entry.origin)"
            let help =
                (Suggestion.nearest(to: name, among: keys).map { "did you mean \($0)? " } ?? "")
                + "the fields are: \(listed)"
            guard entry.isAsked, isUnread || role == .data else {
                if role == .data { Diagnostics.line("warning: \(fault); \(help)") }
                continue
            }
            throw UsageError(fault, help: help)
        }
    }
}
