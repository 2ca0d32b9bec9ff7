import Features
import Records

/// Collects the columns of one batch, row by row.
///
/// All buffers are kept from row to row and from batch to batch: a row costs no allocation once
/// they have grown to their sizes.
struct RowBuilder {
    /// Texts of the current row.
    var prompt = RowText()
    var response = RowText()
    var rejected = RowText()
    var system = RowText()
    var label = RowText()
    /// For a text that is put together before it is known where it belongs.
    var scratch = RowText()
    private var all = RowText()
    /// The turns of the current row, and their texts one after the other.
    private var turns: [(role: TurnRole, text: Range<Int>)] = []
    private var turnBytes: [UInt8] = []
    /// The vector that the record itself has, and why it has none where one was asked for.
    var vector: [Float] = []
    /// The probabilities that were given with the record.
    var probabilities: [Float] = []

    private var rowCount = 0
    /// Columns in the order asked for, so that no name is looked up per row.
    private var texts: [(name: ColumnName, buffer: TextBuffer)] = []
    private var turnsColumn: TurnsBuffer?
    private var probabilityColumn: VectorBuffer?
    private let probabilityCount: Int?
    private var features: FeatureBuilder
    private let columns: [ColumnName]
    private let needsTurns: Bool
    private let needsAll: Bool
    private var source = RowText()

    /// `source` is the name of the records' file, `probabilityCount` how many are given with each record,
    /// `nil` for none.
    init(
        source: [UInt8], columns: [ColumnName], origin: EmbeddingOrigin?,
        probabilityCount: Int? = nil
    ) {
        self.probabilityCount = probabilityCount
        self.columns = columns
        features = FeatureBuilder(columns, origin: origin)
        needsAll = columns.contains { column in
            column == .all || FeatureKind(column)?.part == .all
        }
        needsTurns = columns.contains(.turns) || needsAll
        source.withUnsafeBufferPointer { self.source.join($0) }
        beginBatch()
    }

    mutating func beginBatch() {
        // Batches are of one size, but for the last.
        let rows = rowCount
        rowCount = 0
        texts = columns.filter {
            $0 != .turns && $0 != .predictedProbabilities && FeatureKind($0) == nil
        }.map {
            ($0, TextBuffer(rows: rows))
        }
        turnsColumn = columns.contains(.turns) ? TurnsBuffer() : nil
        probabilityColumn = probabilityCount.map { VectorBuffer(dimensions: $0) }
        features.begin()
    }

    mutating func beginRow() {
        prompt.clear()
        response.clear()
        rejected.clear()
        system.clear()
        label.clear()
        scratch.clear()
        all.clear()
        turns.removeAll(keepingCapacity: true)
        turnBytes.removeAll(keepingCapacity: true)
        vector.removeAll(keepingCapacity: true)
        probabilities.removeAll(keepingCapacity: true)
    }

    /// Adds one turn of a conversation to the parts it belongs to.
    mutating func addTurn(_ role: TurnRole, _ text: UnsafeBufferPointer<UInt8>) {
        switch role {
        case .user: prompt.join(text)
        case .assistant: response.join(text)
        case .system: system.join(text)
        case .tool: break
        }
        keepTurn(role, text)
    }

    private mutating func keepTurn(_ role: TurnRole, _ text: UnsafeBufferPointer<UInt8>) {
        guard needsTurns else { return }
        let start = turnBytes.count
        turnBytes.append(contentsOf: text)
        turns.append((role, start..<turnBytes.count))
    }

    /// Ends a row; `field` adds the value of a `field:` column to the text it is given.
    mutating func endRow(field: (ColumnName, inout RowText) -> Void) {
        rowCount += 1
        if needsTurns { completeTurns() }
        for index in texts.indices {
            switch texts[index].name {
            case .prompt: append(prompt, at: index)
            case .response: append(response, at: index)
            case .rejected: append(rejected, at: index)
            case .system: append(system, at: index)
            case .all: append(all, at: index)
            case .label: append(label, at: index)
            case .sourceFile: append(source, at: index)
            case let name:
                scratch.clear()
                field(name, &scratch)
                append(scratch, at: index)
            }
        }
        appendFeatures()
        appendTurns()
        probabilityColumn?.values.append(contentsOf: probabilities)
    }

    private mutating func append(_ text: RowText, at index: Int) {
        text.withBytes { texts[index].buffer.append($0) }
    }

    private mutating func appendTurns() {
        guard turnsColumn != nil else { return }
        let (turns, turnBytes) = (turns, turnBytes)
        turnBytes.withUnsafeBufferPointer { bytes in
            for turn in turns {
                turnsColumn?.append(
                    role: turn.role.bytes, text: UnsafeBufferPointer(rebasing: bytes[turn.text]))
            }
        }
        turnsColumn?.endRow()
    }

    private mutating func appendFeatures() {
        let (prompt, response, all, vector) = (prompt, response, all, vector)
        let hasVector = !vector.isEmpty
        let beginning = isExchange ? system : nil
        vector.withUnsafeBufferPointer { vector in
            prompt.withBytes { prompt in
                response.withBytes { response in
                    all.withBytes { all in
                        RowBuilder.withBytes(beginning) { beginning in
                            features.append(given: hasVector ? vector : nil, beginning: beginning) {
                                switch $0 {
                                case .prompt: prompt
                                case .response: response
                                case .all: all
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Calls `body` with the bytes of a text, none for an absent one, and with `nil` for no text.
    private static func withBytes(
        _ text: RowText?, _ body: (UnsafeBufferPointer<UInt8>?) -> Void
    ) {
        guard let text else { return body(nil) }
        text.withBytes { body($0 ?? UnsafeBufferPointer(start: nil, count: 0)) }
    }

    /// Whether all text is a system prompt, one turn of the user and one of the assistant, or fewer of
    /// these, in this order.
    private var isExchange: Bool {
        needsTurns && turns.count <= 3
            && zip(turns, turns.dropFirst()).allSatisfy { $0.role.rawValue < $1.role.rawValue }
            && turns.last?.role != .tool
            // A part may hold more than its turn.
            && turnBytes.count == system.bytes.count + prompt.bytes.count + response.bytes.count
    }

    /// A record without a conversation is one of single parts; all text is that of the turns.
    private mutating func completeTurns() {
        if turns.isEmpty {
            let (system, prompt, response) = (system, prompt, response)
            system.withBytes { if let text = $0 { keepTurn(.system, text) } }
            prompt.withBytes { if let text = $0 { keepTurn(.user, text) } }
            response.withBytes { if let text = $0 { keepTurn(.assistant, text) } }
        } else if system.isPresent, !turns.contains(where: { $0.role == .system }) {
            let start = turnBytes.count
            turnBytes.append(contentsOf: system.bytes)
            turns.insert((.system, start..<turnBytes.count), at: 0)
        }
        guard needsAll else { return }
        all.begin()
        let (turns, turnBytes) = (turns, turnBytes)
        turnBytes.withUnsafeBufferPointer { bytes in
            for turn in turns where !turn.text.isEmpty {
                all.join(UnsafeBufferPointer(rebasing: bytes[turn.text]))
            }
        }
    }

    /// The batch of all rows since `beginBatch`.
    func batch() -> RecordBatch {
        var columns: [(name: ColumnName, data: ColumnData)] = []
        for text in texts { columns.append((text.name, .text(text.buffer))) }
        if let turnsColumn { columns.append((.turns, .turns(turnsColumn))) }
        if let probabilityColumn {
            columns.append((.predictedProbabilities, .vectors(probabilityColumn)))
        }
        return RecordBatch(rowCount: rowCount, columns: columns + features.finish())
    }

    /// Where the batch's vectors came from.
    var embeddingCounts: EmbeddingCounts { features.counts }
}
