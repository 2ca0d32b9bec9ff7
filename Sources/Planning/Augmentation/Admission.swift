/// Whether records that were made are let in: by what analyzers say of them beside the data that they would join.
public struct Admission: Sendable {
    /// Confidence from which on a proposal speaks against a record.
    private static let least = 0.5

    /// A record that was made, with the cell that it was made for.
    public struct Candidate: Sendable {
        /// Its row in what was analysed.
        public let row: Int
        /// The analyzer that asked for it.
        public let analyzer: String
        /// The cell; 0 where the analyzer names none.
        public let group: UInt64

        /// Makes a candidate.
        public init(row: Int, analyzer: String, group: UInt64) {
            self.row = row
            self.analyzer = analyzer
            self.group = group
        }
    }

    /// Why it is not let in: a code, or a word for what no code stands for.
    public struct Refusal: Sendable, Equatable {
        /// A finding's code, or `cell`.
        public let code: String
        /// One line, lower case, no full stop.
        public let why: String
    }

    private struct Cell: Hashable {
        let analyzer: String
        let group: UInt64
        let row: Int
    }

    private var faults: [Int: Refusal] = [:]
    private var families = RowFamilies()
    private var copyCodes: [Int: String] = [:]
    private var cells: Set<Cell> = []

    /// Takes what was proposed of all rows.
    ///
    /// O(n log n).
    public init(_ voices: [PlanVoice]) {
        for voice in voices.sorted(by: PlanVoice.precedes) {
            switch voice.stage {
            case .quota:
                cells.insert(
                    Cell(analyzer: voice.analyzer, group: voice.group, row: voice.row))
            case .copies where voice.confidence >= Admission.least:
                let leader = Int(voice.group) - 1
                families.join(voice.row, leader)
                if copyCodes[voice.row] == nil { copyCodes[voice.row] = voice.code }
                if copyCodes[leader] == nil { copyCodes[leader] = voice.code }
            case .repair, .quality:
                guard voice.confidence >= Admission.least, faults[voice.row] == nil else {
                    continue
                }
                let word =
                    switch voice.action {
                    case .repair: "a repair"
                    case .relabel: "the label \(voice.text)"
                    case .review: "a review"
                    default: "to leave it out"
                    }
                faults[voice.row] = Refusal(
                    code: voice.code, why: "\(voice.code) asks for \(word)")
            default: break
            }
        }
    }

    /// What becomes of each candidate; `nil` for one that is let in.
    ///
    /// One that repeats a record, or a candidate that is let in before it, is not.
    public func judge(_ candidates: [Candidate]) -> [Refusal?] {
        let rows = Set(candidates.map(\.row))
        var letIn: Set<Int> = []
        return candidates.map { candidate in
            if let fault = faults[candidate.row] { return fault }
            let alike = families.members(of: candidate.row).first {
                $0 != candidate.row && (!rows.contains($0) || letIn.contains($0))
            }
            if let alike {
                let code = copyCodes[candidate.row] ?? ""
                return Refusal(
                    code: code,
                    why: rows.contains(alike)
                        ? "\(code): it repeats another new record"
                        : "\(code): it repeats record \(alike + 1)")
            }
            let cell = Cell(
                analyzer: candidate.analyzer, group: candidate.group, row: candidate.row)
            if candidate.group != 0, !cells.contains(cell) {
                return Refusal(
                    code: "cell",
                    why: "it is not counted where it was wanted: of another cell, or a near copy")
            }
            letIn.insert(candidate.row)
            return nil
        }
    }
}
