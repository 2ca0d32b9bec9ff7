import AssayKit
import DistributionAlgorithm
import Numerics

/// What is collected of some rows: in the first pass profiles of both sides, in the second weights, in the
/// third the profile of what was drawn.
struct DistributionPartial: AnalyzerPartial {
    let settings: Settings
    let pass: Int
    let seed: UInt64
    let look: DistributionLook?
    /// The data and the reference; in the third pass the data as planned.
    private(set) var sides: [SideProfile]
    private(set) var extremes = LengthExtremes()
    /// Rows of the data in order, with their labels' numbers and log weights.
    private(set) var rows: [UInt32] = []
    private(set) var labels: [UInt32] = []
    private(set) var logWeights: [Float] = []
    private var labelNumbers = ValueCounts()
    private var scratch = ImportanceModel.Scratch()

    /// Stands for a record without a label.
    static let noLabel = UInt32.max

    init(_ settings: Settings, _ pass: Pass, look: DistributionLook?) {
        self.settings = settings
        self.pass = pass.number
        seed = pass.seed
        self.look = look
        // The second pass profiles nothing.
        sides = (0..<[2, 0, 1][min(2, pass.number)]).map { side in
            SideProfile(
                fieldCount: settings.fields.count, capacity: settings.sampleSize,
                seed: pass.seed &+ UInt64(side), isWhole: pass.number == 0,
                countsGrams: pass.number == 0 && settings.wantsPlan)
        }
        for label in look?.labels ?? [] { labelNumbers.add(label, 0) }
    }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard let columns = RowColumns(batch, settings) else { return }
        switch pass {
        case 0:
            guard batch.role == .data || batch.role == .reference else { return }
            let side = batch.role == .data ? 0 : 1
            for position in 0..<batch.rowCount {
                let row = batch.firstRow + position
                sides[side].add(columns, position, row: row)
                if side == 0 {
                    extremes.add(
                        row: row, prompt: columns.prompts.count(position),
                        response: columns.responses.count(position))
                }
            }
        case 1:
            guard batch.role == .data else { return }
            for position in 0..<batch.rowCount { weigh(columns, position, batch) }
        default:
            guard batch.role == .data, let drawn = look?.drawn else { return }
            for position in 0..<batch.rowCount {
                let row = batch.firstRow + position
                let copies = drawn.count(row)
                if copies > 0 { sides[0].add(columns, position, row: row, copies: copies) }
            }
        }
    }

    private mutating func weigh(_ columns: RowColumns, _ position: Int, _ batch: Batch) {
        var label = DistributionPartial.noLabel
        if let column = columns.values[0], column.byteCount(position) > 0 {
            let number = column.withBytes(position) { labelNumbers.add($0) }
            if number >= 0, Int(number) < look?.labels.count ?? 0 { label = UInt32(number) }
        }
        var weight = 0.0
        if let model = look?.model {
            let style = columns.style(position)
            weight = columns.all.withTokens(position) {
                model.logWeight(of: $0, style: style, &scratch)
            }
        }
        rows.append(UInt32(truncatingIfNeeded: batch.firstRow + position))
        labels.append(label)
        logWeights.append(Float(weight))
    }

    mutating func merge(_ other: DistributionPartial) {
        for side in sides.indices { sides[side].merge(other.sides[side]) }
        extremes.merge(other.extremes)
        rows += other.rows
        labels += other.labels
        logWeights += other.logWeights
    }

    func save(to writer: inout StateWriter) {
        for side in sides { side.save(to: &writer) }
        extremes.save(to: &writer)
        writer.write(rows)
        writer.write(labels)
        writer.write(logWeights.map(\.bitPattern))
    }

    mutating func load(from reader: inout StateReader) throws {
        for side in sides.indices { try sides[side].load(from: &reader) }
        try extremes.load(from: &reader)
        rows = try reader.words()
        labels = try reader.words()
        logWeights = try reader.words().map { Float(bitPattern: $0) }
        let known = look?.labels.count ?? 0
        guard rows.count == labels.count, rows.count == logWeights.count,
            labels.allSatisfy({ $0 == DistributionPartial.noLabel || Int($0) < known })
        else { throw AnalyzerError("the saved weights do not fit the rows") }
    }
}
