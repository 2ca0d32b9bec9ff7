/// What several rounds have decided about the records of one file, as one plan of it.
///
/// Each round sees the data as the rounds before left it; its lines are told of the records that they come
/// from. Nothing that an earlier round did is undone: what was repeated is not left out, and a text that was
/// changed is not changed again.
public struct PlanHistory: Sendable {
    /// The lines of all rounds, by row of the file.
    public private(set) var lines: [Int: PlanLine] = [:]
    private let rowCount: Int
    /// Records that were added, and those of them that a later round left out.
    private var added: [(addition: PlanAddition, isLeftOut: Bool)] = []
    /// Rows whose records cannot hold what was planned for them.
    private var unchangeable: Set<Int> = []
    /// Lines as they were before their last change.
    private var earlierLines: [Int: PlanLine] = [:]

    /// What a round added.
    public struct Addition: Sendable, Equatable {
        /// Lines that change the data.
        public var changes = 0
        /// Lines that would have undone an earlier round's.
        public var undoing = 0

        /// Nothing added.
        public init() {}
    }

    /// No rounds yet, for a file of so many records.
    public init(rowCount: Int) { self.rowCount = rowCount }

    /// The records that are added behind those of the file.
    public var additions: [PlanAddition] { added.filter { !$0.isLeftOut }.map(\.addition) }

    /// Bytes of all records that were ever added, also of those that a later round left out.
    public var everAdded: [[UInt8]] { added.map(\.addition.record) }

    /// Of every record as the rounds so far leave them the row of the file that it comes from; of added records
    /// numbers behind those of all rows.
    ///
    /// O(rows).
    public var origins: [Int] {
        (0..<rowCount).flatMap { row -> [Int] in
            guard let line = lines[row] else { return [row] }
            switch line.action {
            case .drop: return []
            case .duplicate: return [Int](repeating: row, count: 1 + Int(line.number))
            case .change, .weight, .review: return [row]
            }
        } + added.indices.filter { !added[$0].isLeftOut }.map { rowCount + $0 }
    }

    /// The plan of all rounds, by row.
    public var plan: [PlanLine] { lines.keys.sorted().compactMap { lines[$0] } }

    /// Adds what a round decided of the data as it was then.
    public mutating func add(_ round: [PlanLine]) -> Addition {
        let origins = origins
        var addition = Addition()
        for line in round where line.row < origins.count {
            if origins[line.row] >= rowCount {
                // A record of the pool that is found to be bad, or a copy, does not come back.
                guard line.action == .drop else { continue }
                added[origins[line.row] - rowCount].isLeftOut = true
                addition.changes += 1
                continue
            }
            add(
                line, to: origins[line.row],
                survivor: line.survivor.flatMap {
                    origins.indices.contains($0) && origins[$0] < rowCount ? origins[$0] : nil
                }, &addition)
        }
        return addition
    }

    /// Leaves records of the data as it is now out of a selection; of a repeated one so many copies.
    public mutating func leaveOut(_ selection: [PlanLine]) {
        let origins = origins
        var dropped: [Int: [PlanLine]] = [:]
        for line in selection where line.action == .drop && line.row < origins.count {
            dropped[origins[line.row], default: []].append(line)
        }
        for (row, out) in dropped {
            guard row < rowCount else {
                added[row - rowCount].isLeftOut = true
                continue
            }
            let earlier = lines[row]
            let left = earlier?.action == .duplicate ? Int(earlier?.number ?? 0) + 1 - out.count : 0
            guard let earlier, left > 0 else {
                lines[row] = out[0].moved(to: row, survivor: nil, after: earlier)
                continue
            }
            lines[row] =
                left == 1 && earlier.replacements.isEmpty
                ? nil
                : PlanLine(
                    row: row, action: left == 1 ? .change : .duplicate,
                    replacements: earlier.replacements, number: left == 1 ? 0 : Double(left - 1),
                    survivor: nil, because: earlier.because, overruled: earlier.overruled,
                    explanation: earlier.explanation
                        + (left == 1
                            ? "; its copies are left out of the selection"
                            : "; then \(left - 1) of them are left by the selection"))
        }
    }

    /// Adds records that were not added before.
    public mutating func add(_ additions: [PlanAddition]) -> Addition {
        var rows: Set<Int> = []
        var made: Set<[UInt8]> = []
        func insert(_ other: PlanAddition) -> Bool {
            switch other.origin {
            case .pool(_, _, let row): rows.insert(row).inserted
            case .made: made.insert(other.record).inserted
            }
        }
        for entry in added { _ = insert(entry.addition) }
        var addition = Addition()
        for other in additions where insert(other) {
            added.append((other, false))
            addition.changes += 1
        }
        return addition
    }

    private mutating func add(
        _ line: PlanLine, to row: Int, survivor: Int?, _ addition: inout Addition
    ) {
        // What a record cannot hold does not keep it from being left out.
        guard line.action == .drop || !unchangeable.contains(row) else { return }
        let earlier = lines[row]
        switch line.action {
        case .review, .weight:
            // Of these the last round's word counts.
            if earlier == nil || earlier?.action == .review || earlier?.action == .weight {
                lines[row] = line.moved(to: row, survivor: survivor, after: nil)
            }
        case .drop:
            if earlier?.action == .duplicate {
                addition.undoing += 1
            } else {
                lines[row] = line.moved(to: row, survivor: survivor, after: earlier)
                addition.changes += 1
            }
        case .duplicate where earlier?.action == .duplicate: addition.undoing += 1
        case .change, .duplicate:
            let known = earlier?.replacements ?? []
            if line.replacements.contains(where: { new in
                known.contains { $0.column == new.column && $0.text != new.text }
            }) {
                addition.undoing += 1
            } else if line.action == .duplicate
                || line.replacements.contains(where: { !known.contains($0) })
            {
                earlierLines[row] = earlier
                lines[row] = line.moved(to: row, survivor: survivor, after: earlier)
                addition.changes += 1
            }
        }
    }

    /// Leaves to a person what records cannot hold; what an earlier round did to them stays.
    public mutating func giveUp(_ rows: [Int]) {
        for row in rows {
            unchangeable.insert(row)
            if let earlier = earlierLines[row], [.change, .duplicate].contains(earlier.action) {
                lines[row] = earlier
                continue
            }
            lines[row] = lines[row].map { line in
                PlanLine(
                    row: row, action: .review, replacements: [], number: 0, survivor: nil,
                    because: line.because, overruled: line.overruled,
                    explanation: "for review, for the record cannot hold it: \(line.explanation)")
            }
        }
    }
}

extension PlanLine {
    /// The same of another row, with what an earlier round did to it.
    fileprivate func moved(to row: Int, survivor: Int?, after earlier: PlanLine?) -> PlanLine {
        var texts = earlier?.replacements ?? []
        for replacement in replacements where !texts.contains(replacement) {
            texts.append(replacement)
        }
        let isRepeated = earlier?.action == .duplicate && action == .change
        let changed = earlier.map { $0.action == .change || $0.action == .duplicate } ?? false
        return PlanLine(
            row: row, action: isRepeated ? .duplicate : action,
            replacements: action == .drop ? [] : texts,
            number: isRepeated ? earlier?.number ?? 0 : number, survivor: survivor,
            because: (changed ? earlier?.because ?? [] : []) + because, overruled: overruled,
            explanation: changed
                ? "\(earlier?.explanation ?? ""); then \(explanation)" : explanation)
    }
}
