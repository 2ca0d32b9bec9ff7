import Synchronization

/// What a pass was given, read once for all partials of the pass.
///
/// `endPass` makes it, hands its bytes to the next pass and remembers it; `begin` asks for it, and only
/// a worker that has not made it itself reads the bytes.
public final class BroadcastMemory<Value: Sendable>: Sendable {
    private let last = Mutex<(bytes: [UInt8], value: Value)?>(nil)

    /// Remembers nothing yet.
    public init() {}

    /// Remembers what was just written.
    public func remember(_ value: Value, _ bytes: [UInt8]) {
        last.withLock { $0 = (bytes, value) }
    }

    /// The value of bytes, read with `body` unless they are those of last time.
    public func value(_ bytes: [UInt8], _ body: ([UInt8]) throws -> Value) throws -> Value {
        try last.withLock { last in
            if let last, last.bytes == bytes { return last.value }
            let value = try body(bytes)
            last = (bytes, value)
            return value
        }
    }
}
