import AssayKit
import CoverageAlgorithm
import Numerics

/// Puts the rows of a batch into categories by what stands in them: a field, the language, the task.
struct RowAssigner {
    private let taxonomy: Taxonomy
    private let fields: [TextColumn?]
    private let languages: LanguageColumn?
    let vectors: VectorColumn?

    init(_ taxonomy: Taxonomy, _ batch: Batch) {
        self.taxonomy = taxonomy
        fields = taxonomy.dimensions.map { $0.column.flatMap { batch.text($0) } }
        languages = batch.languages("feature.language/1")
        vectors = batch.vectors("feature.embedding.prompt/1")
    }

    /// Calls `body` with the category of a row in a dimension, where its text says it.
    func assign(
        _ row: RowReader, _ position: Int, _ index: Int, _ counts: inout CellCounts,
        _ body: (Int32) -> Void
    ) throws {
        let dimension = taxonomy.dimensions[index]
        switch dimension.kind {
        case .stated:
            guard let field = fields[index], field.byteCount(position) > 0 else { return }
            let number = try field.withBytes(position) { value in
                dimension.isOpen
                    ? try counts.number(index, of: value)
                    : dimension.number(ofValue: StableHash.hash(value))
            }
            if let number { body(number) }
        case .language:
            if let languages, languages.tags.byteCount(position) > 0 {
                body(try languages.tags.withBytes(position) { try counts.number(index, of: $0) })
            }
        case .taskVerb:
            if let prompts = row.prompts,
                let verb = prompts.withBytes(position, { TaskVerb($0) }),
                let number = TaskVerb.allCases.firstIndex(of: verb)
            {
                body(Int32(number))
            }
        case .topics: break
        }
    }
}
