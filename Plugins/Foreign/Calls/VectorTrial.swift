import Foreign
import Glibc

/// Tries the test vectors of a manifest: a wrong signature is usually silent, and shows itself here.
///
/// Each text lies before a page that must not be touched, with bytes behind it that are no zeros, so
/// that a function which does not know where the text ends crashes; each is tried twice, with
/// different bytes in the memory a function may write to, so that what it does not write shows.
public enum VectorTrial {
    /// Tries all vectors.
    ///
    /// - Throws: `CallFault` that names the vector, the number found and the number expected.
    public static func run(_ library: ForeignLibrary) throws {
        let caller = try RecordCaller(library)
        var alone: [[Double]] = []
        for (number, vector) in library.description.vectors.enumerated() {
            let text = try GuardedText(vector.text)
            let first = try caller.values(of: vector, text: text, filling: 0)
            let second = try caller.values(of: vector, text: text, filling: 0xA5)
            let shown = "test \(number + 1) (\(quoted(vector.text)))"
            alone.append(first)
            guard first.count == vector.expected.count, second.count == first.count else {
                throw CallFault(
                    "\(shown): a function returned something that is not among its \"ok\"; check the types "
                        + "of the arguments and of the result")
            }
            for (index, expected) in vector.expected.enumerated() {
                let name = library.description.variables[expected.variable]
                guard first[index].bitPattern == second[index].bitPattern else {
                    throw CallFault(
                        "\(shown): \(name) is \(first[index]) and then \(second[index]): a function reads or "
                            + "returns what it was not given; check the types of its arguments")
                }
                guard expected.range.contains(first[index]) else {
                    let range =
                        expected.range.lowerBound == expected.range.upperBound
                        ? "\(expected.range.lowerBound)"
                        : "\(expected.range.lowerBound) to \(expected.range.upperBound)"
                    throw CallFault(
                        "\(shown): \(name) is \(first[index]), expected \(range); check the types of the "
                            + "arguments and of the result")
                }
            }
        }
        try tryTogether(caller, library.description.vectors, alone: alone)
    }

    /// All texts one after another have to give what each gave alone.
    private static func tryTogether(
        _ caller: RecordCaller, _ vectors: [ForeignDescription.Vector], alone: [[Double]]
    ) throws {
        let text = try GuardedText(vectors.map(\.text).joined())
        let offsets = UnsafeMutablePointer<Int64>.allocate(capacity: vectors.count + 1)
        defer { offsets.deallocate() }
        offsets[0] = 0
        for (index, vector) in vectors.enumerated() {
            offsets[index + 1] = offsets[index] + Int64(vector.text.utf8.count)
        }
        caller.fillScratch(0xA5)
        defer { caller.fillScratch(nil) }
        let texts = RecordCaller.Texts(
            bytes: text.bytes, offsets: UnsafePointer(offsets), validity: nil, count: vectors.count)
        try caller.score(texts) { first, scores, block in
            for row in scores.indices {
                let vector = vectors[first + row]
                for (index, expected) in vector.expected.enumerated() {
                    let found = block.value(expected.variable, row: row)
                    let single = alone[first + row][index]
                    guard found.bitPattern == single.bitPattern else {
                        throw CallFault(
                            "test \(first + row + 1) (\(quoted(vector.text))) gives \(single) alone and "
                                + "\(found) among the others; check the types of the arguments")
                    }
                }
            }
        }
    }

    private static func quoted(_ text: String) -> String {
        text.count > 40 ? "\"\(text.prefix(40))…\"" : "\"\(text)\""
    }
}

/// A text before a page that must not be touched, 64 readable bytes that are no zeros between them.
final class GuardedText {
    let offsets: UnsafeMutablePointer<Int64>
    let bytes: UnsafePointer<UInt8>
    private let mapping: UnsafeMutableRawPointer
    private let length: Int

    init(_ text: String) throws {
        let page = Int(getpagesize())
        let count = text.utf8.count
        let room = (count + 64 + page - 1) / page * page
        length = room + page
        guard
            let mapping = mmap(
                nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED
        else { throw CallFault("there is no memory for a test") }
        self.mapping = mapping
        let start = mapping + room - 64 - count
        for (index, byte) in text.utf8.enumerated() {
            start.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
        memset(start + count, 0x78, 64)
        bytes = UnsafePointer(start.assumingMemoryBound(to: UInt8.self))
        offsets = .allocate(capacity: 2)
        offsets[0] = 0
        offsets[1] = Int64(count)
        guard mprotect(mapping + room, page, PROT_NONE) == 0 else {
            throw CallFault("a page cannot be protected")
        }
    }

    deinit {
        munmap(mapping, length)
        offsets.deallocate()
    }
}

extension RecordCaller {
    /// The numbers that a vector asks for; none when a call failed.
    func values(
        of vector: ForeignDescription.Vector, text: GuardedText, filling: UInt8
    ) throws -> [Double] {
        fillScratch(filling)
        defer { fillScratch(nil) }
        let texts = Texts(
            bytes: text.bytes, offsets: UnsafePointer(text.offsets), validity: nil, count: 1)
        var values: [Double] = []
        try score(texts) { _, _, block in
            guard block.isSound(0) else { return }
            values = vector.expected.map { block.value($0.variable, row: 0) }
        }
        return values
    }
}
