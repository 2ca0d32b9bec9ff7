import CPattern

/// A regular expression of PCRE2's syntax over UTF-8 text.
///
/// Letters count as they are; `(?i)` makes case not matter, `(?m)` lets `^` and `$` stand at lines. The same
/// on every machine: nothing is compiled to machine code, and a match is given up after a stated number
/// of steps.
public final class RegularExpression: @unchecked Sendable {
    /// Why a pattern is none.
    public struct Fault: Error, Equatable {
        /// What is wrong.
        public let message: String
        /// The byte of the pattern near it, from 0.
        public let offset: Int
    }

    /// What matching needs; belongs to one thread at a time.
    public final class Scratch {
        fileprivate let handle: OpaquePointer

        /// Some hundred bytes.
        public init() {
            guard let handle = cpt_scratch_make() else { fatalError("no memory is left") }
            self.handle = handle
        }

        deinit { cpt_scratch_free(handle) }
    }

    /// Whether a pattern occurs.
    public enum Answer: Sendable {
        /// It does, or it does not.
        case found, absent
        /// Matching was given up: it took too many steps or too much memory.
        case givenUp
    }

    private let handle: OpaquePointer

    /// Compiles a pattern.
    ///
    /// - Throws: `Fault` when it is none.
    public init(_ pattern: String) throws(Fault) {
        var offset = 0
        var message = [CChar](repeating: 0, count: Int(CPT_MESSAGE_BYTES))
        let bytes = Array(pattern.utf8)
        let handle = bytes.withUnsafeBufferPointer {
            cpt_compile($0.baseAddress, $0.count, &message, &offset)
        }
        guard let handle else {
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Fault(message: String(decoding: text, as: UTF8.self), offset: offset)
        }
        self.handle = handle
    }

    deinit { cpt_free(handle) }

    /// Whether the pattern occurs in a text of valid UTF-8.
    ///
    /// At most half a million steps from each place where it may begin, and fewer in texts of more than a hundred
    /// bytes: fifty million in all, but a thousand from each.
    public func occurs(in text: Span<UInt8>, _ scratch: Scratch) -> Answer {
        let found = text.withUnsafeBufferPointer {
            cpt_occurs(handle, scratch.handle, $0.baseAddress, $0.count)
        }
        return found > 0 ? .found : found == 0 ? .absent : .givenUp
    }
}
