public import CSimdjson

/// A parser for one thread.
///
/// Its documents live until its next call.
public final class JSONTapeParser {
    private let parser: OpaquePointer

    /// A parser without memory yet.
    public init() {
        guard let parser = csj_parser_new() else { fatalError("out of memory") }
        self.parser = parser
    }

    deinit { csj_parser_free(parser) }

    /// Parses one strict JSON value; returns it, or the reason and the byte near the fault.
    public func parse(
        _ text: UnsafeBufferPointer<UInt8>
    ) -> Result<JSONTape, JSONFault> {
        let document = csj_parse(parser, text.baseAddress, UInt64(text.count))
        if let error = document.error {
            return .failure(
                JSONFault(reason: String(cString: error), offset: Int(document.error_offset)))
        }
        return .success(
            JSONTape(
                nodes: UnsafeBufferPointer(start: document.nodes, count: Int(document.node_count)),
                strings: document.strings, text: text))
    }
}

/// Why bytes are not a JSON value.
public struct JSONFault: Error {
    /// What was found or expected.
    public let reason: String
    /// Byte within the record near the fault.
    public let offset: Int
}

/// A parsed record: nodes in document order.
///
/// A borrowed view.
public struct JSONTape {
    /// The nodes; an object's children are key, value, key, value.
    public let nodes: UnsafeBufferPointer<csj_node>
    let strings: UnsafePointer<UInt8>?
    let text: UnsafeBufferPointer<UInt8>

    /// Kinds of nodes.
    public enum Kind: UInt32 { case null, `false`, `true`, number, string, array, object }

    /// The kind of a node.
    public func kind(_ index: Int) -> Kind { Kind(rawValue: nodes[index].kind) ?? .null }

    /// The text of a string (unescaped), number or literal.
    public func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let node = nodes[index]
        if node.kind == Kind.string.rawValue {
            return UnsafeBufferPointer(
                start: strings.map { $0 + Int(node.offset) }, count: Int(node.length))
        }
        return UnsafeBufferPointer(
            rebasing: text[Int(node.offset)..<Int(node.offset) + Int(node.length)])
    }

    /// The bytes of a value in the record, quotes and brackets included.
    func extent(_ index: Int) -> Range<Int> { Int(nodes[index].begin)..<Int(nodes[index].end) }

    /// The text of a string as a `String`.
    public func string(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

    /// The nodes of an array's elements or of an object's values.
    public func forEachChild(of index: Int, _ body: (_ key: Int?, _ value: Int) -> Void) {
        let isObject = kind(index) == .object
        guard isObject || kind(index) == .array else { return }
        var child = index + 1
        let end = Int(nodes[index].next)
        while child < end {
            let value = isObject ? child + 1 : child
            body(isObject ? child : nil, value)
            child = Int(nodes[value].next)
        }
    }

    /// The value at a path of unescaped keys; of duplicate keys the last counts.
    ///
    /// `nil` when absent.
    public func find(_ path: [[UInt8]], from index: Int = 0) -> Int? {
        var current = index
        for step in path {
            var found: Int?
            var position = 0
            let isArray = kind(current) == .array
            let wanted = isArray ? Int(String(decoding: step, as: UTF8.self)) : nil
            forEachChild(of: current) { key, value in
                if let key {
                    if bytes(key).elementsEqual(step) { found = value }
                } else if position == wanted {
                    found = value
                }
                position += 1
            }
            guard let found else { return nil }
            current = found
        }
        return current
    }
}
