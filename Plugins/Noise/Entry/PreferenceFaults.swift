import AssayKit
import NoiseAlgorithm
import Numerics

/// Pairs of answers of which one is preferred, and answers that are marked good or bad.
extension RowFaults {
    /// Pairs whose answers are the same, and such as have nothing rejected.
    mutating func checkPreference(_ columns: NoiseColumns, _ position: Int) {
        guard let rejected = columns.rejected, rejected.isPresent(position),
            columns.responses.isPresent(position)
        else { return }
        let isEmpty = rejected.withBytes(position) { ByteSearch.trimmed($0).isEmpty }
        if isEmpty {
            add(.preferenceFault, "text.rejected", message: "the rejected answer is empty")
        } else if columns.areAnswersEqual(position) {
            add(.preferenceFault, "text.rejected")
        }
    }

    /// Pairs without a rejected answer where others have one.
    mutating func checkMissingRejected(
        _ columns: NoiseColumns, _ position: Int, _ tally: SecondLook.Tally
    ) {
        guard tally.expectsRejected, columns.rejected?.isPresent(position) != true else { return }
        add(
            .preferenceFault, "text.rejected", TextFault(span: 0..<0, score: MissingText.doubtful),
            message: "the record has no rejected answer", severity: .medium)
    }

    /// Takes out what is said of the response of a record that is marked as a bad example: it is to be bad.
    mutating func spareBadExample(_ columns: NoiseColumns, _ position: Int) {
        guard columns.isBadExample(position) else { return }
        remove { fault in fault.check.isOfAnswer && fault.column == "text.response" }
    }
}

extension NoiseColumns {
    /// Whether chosen and rejected answer are the same, white space aside.
    func areAnswersEqual(_ position: Int) -> Bool {
        guard let rejected else { return false }
        var (chosen, other) = (Fingerprint(), Fingerprint())
        responses.withBytes(position) { chosen.appendCollapsed($0) }
        rejected.withBytes(position) { other.appendCollapsed($0) }
        let (left, right) = (chosen.bytes, other.bytes)
        return left.indices.allSatisfy { left[$0] == right[$0] }
    }

    /// Whether an answered record is marked with true or false, as in data of single judgements (KTO).
    func isMarked(_ position: Int) -> Bool {
        mark(position) != nil
    }

    /// Whether an answered record is marked as one that is not to be learnt.
    func isBadExample(_ position: Int) -> Bool { mark(position) == false }

    private static let good = Array("true".utf8)
    private static let bad = Array("false".utf8)

    private func mark(_ position: Int) -> Bool? {
        guard responses.isPresent(position), let labels else { return nil }
        return labels.withBytes(position) { label in
            func reads(_ word: [UInt8]) -> Bool {
                label.count == word.count
                    && label.indices.allSatisfy { ByteSearch.lower(label[$0]) == word[$0] }
            }
            return reads(NoiseColumns.good) ? true : reads(NoiseColumns.bad) ? false : nil
        }
    }
}
