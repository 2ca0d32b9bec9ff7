import AssayKit
import DistributionAlgorithm
import Numerics

/// What a pass hands to the next.
struct DistributionLook: Sendable {
    /// What the first pass has found out.
    var draft = ReportDraft()
    /// How much likelier records are under the reference; `nil` without one.
    var model: ImportanceModel?
    /// Labels in order, of the data and the reference.
    var labels: [String] = []
    /// Records wanted of each label; empty where labels have no quota.
    var quotas: [Int] = []
    /// The reference's profile, written; empty without one.
    var reference: [UInt8] = []
    /// What the second pass has drawn; `nil` before.
    var drawn: Drawn?

    /// What the second pass has drawn.
    struct Drawn: Sendable {
        /// Rows of the data in order, and how many copies of each the plan has.
        var rows: [UInt32] = []
        var copies: [UInt32] = []
        var logWeights: [Float] = []
        /// Records of each label that are wanted and cannot be had.
        var missing: [Int] = []
        /// Records without a label, where labels have quotas: none of them is drawn.
        var unlabelledCount = 0
        var effectiveSize = 0.0

        /// The copies that the plan has of a row.
        func count(_ row: Int) -> Int {
            SortedSearch.place(of: UInt32(truncatingIfNeeded: row), in: rows).map {
                Int(copies[$0])
            }
                ?? 0
        }
    }

    init() {}

    func bytes() -> [UInt8] {
        var writer = StateWriter()
        draft.save(to: &writer)
        writer.write((model?.ratios.ratios ?? []).map(\.bitPattern))
        writer.write((model?.numbers ?? []).map(\.bitPattern))
        writer.write(labels) { $0.write($1) }
        writer.write(quotas) { $0.write($1) }
        writer.write(reference)
        writer.write(drawn == nil ? 0 : 1)
        if let drawn {
            writer.write(drawn.rows)
            writer.write(drawn.copies)
            writer.write(drawn.logWeights.map(\.bitPattern))
            writer.write(drawn.missing) { $0.write($1) }
            writer.write(drawn.unlabelledCount)
            writer.write(drawn.effectiveSize.bitPattern)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws {
        var reader = StateReader(reading: bytes)
        draft = try ReportDraft(from: &reader)
        let ratios = try reader.words().map { Float(bitPattern: $0) }
        let numbers = try reader.words().map { Float(bitPattern: $0) }
        model = ImportanceModel(ratios: GramRatios(ratios: ratios), numbers: numbers)
        labels = try reader.list { try $0.text() }
        quotas = try reader.list(size: 8) { try $0.integer() }
        reference = try reader.data()
        guard try reader.integer() == 1 else { return }
        var found = Drawn()
        found.rows = try reader.words()
        found.copies = try reader.words()
        found.logWeights = try reader.words().map { Float(bitPattern: $0) }
        found.missing = try reader.list(size: 8) { try $0.integer() }
        found.unlabelledCount = try reader.integer()
        found.effectiveSize = Double(bitPattern: try reader.unsigned())
        guard found.rows.count == found.copies.count, found.rows.count == found.logWeights.count,
            found.copies.allSatisfy({ $0 <= Settings.copiesLimit }),
            (found.missing + quotas).allSatisfy({ (0...Settings.sizeLimit).contains($0) }),
            quotas.isEmpty || quotas.count == found.missing.count && quotas.count == labels.count
        else { throw AnalyzerError("the drawn records do not fit themselves") }
        drawn = found
    }
}
