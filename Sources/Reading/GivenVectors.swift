import Features

/// Numbers that come with the data, embeddings or probabilities: in a field of every record, or in a
/// file beside it.
struct GivenVectors {
    private enum Place {
        case field(path: [[UInt8]], dimensions: Int)
        case matrix(VectorMatrix)
    }

    private let place: Place
    /// What they are, for reasons.
    private let what: String

    /// `nil` when the vectors are to be computed.
    init?(_ origin: EmbeddingOrigin, what: String) {
        self.what = what
        switch origin {
        case .model: return nil
        case .field(let pointer, let dimensions):
            place = .field(path: RecordMapper.path(pointer), dimensions: dimensions)
        case .matrix(let matrix): place = .matrix(matrix)
        }
    }

    /// Adds the vector of a record; returns the reason when it has none.
    func add(_ tape: JSONTape?, _ number: Int, to vector: inout [Float]) -> String? {
        switch place {
        case .matrix(let matrix):
            if matrix.append(number, to: &vector) { return nil }
            return number < matrix.count
                ? "its \(what) in \(matrix.path) has a number that is not finite"
                : "\(matrix.path) has \(matrix.count) rows, none for record \(number + 1)"
        case .field(let path, let dimensions):
            let length = tape.flatMap { GivenVectors.numbers($0, at: path, into: &vector) }
            if length == dimensions { return nil }
            let found = length.map { "\($0) numbers" } ?? "no list of numbers"
            return "its \(what) is \(found), expected \(dimensions) as in the first record"
        }
    }

    /// Length of the list of numbers at a path of the first record that can be read.
    ///
    /// `nil` when it has none.
    static func dimensions(_ tape: JSONTape, pointer: String) -> Int? {
        var numbers: [Float] = []
        return GivenVectors.numbers(tape, at: RecordMapper.path(pointer), into: &numbers)
    }

    private static func numbers(
        _ tape: JSONTape, at path: [[UInt8]], into vector: inout [Float]
    ) -> Int? {
        guard let list = tape.find(path), tape.kind(list) == .array else { return nil }
        let start = vector.count
        var isOfNumbers = true
        tape.forEachChild(of: list) { _, child in
            let value =
                tape.kind(child) == .number
                ? Float(String(decoding: tape.bytes(child), as: UTF8.self)) : nil
            vector.append(value ?? 0)
            isOfNumbers = isOfNumbers && value?.isFinite == true
        }
        return isOfNumbers ? vector.count - start : nil
    }
}
