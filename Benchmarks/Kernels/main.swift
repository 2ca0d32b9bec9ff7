import Features
import Glibc
import JSONText
import Numerics

/// One kernel over many texts, so that it can be timed beside a peer, counted by an instruction
/// counter, or compared value by value.
///
///     assay-kernels ids|embed|nearest|words|language TEXTS [--model FOLDER] [--repeat N] [--out FILE]
///
/// TEXTS holds texts separated by zero bytes. With `--out`: ids as 32-bit numbers, each text's after
/// their number; vectors as 32-bit floats; languages with their counts. `nearest` embeds the texts and finds the ten
/// nearest others of each.
struct Run {
    let kernel: String
    let texts: [Range<Int>]
    let bytes: [UInt8]
    let model: EmbeddingModel?
    let repeats: Int
    let out: String?

    init?(_ arguments: [String]) throws {
        guard arguments.count >= 3 else { return nil }
        kernel = arguments[1]
        bytes = try Run.read(arguments[2])
        var texts: [Range<Int>] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0 {
            texts.append(start..<index)
            start = index + 1
        }
        if start < bytes.count { texts.append(start..<bytes.count) }
        self.texts = texts
        func option(_ name: String) -> String? {
            guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else {
                return nil
            }
            return arguments[place + 1]
        }
        model = try option("--model").map { try EmbeddingModel(folder: $0) }
        repeats = option("--repeat").flatMap(Int.init) ?? 1
        out = option("--out")
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else {
            throw FeatureError(file: path, reason: "cannot be opened", help: "check the path")
        }
        defer { fclose(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            content += chunk[..<count]
        }
        return content
    }

    func forEachText(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        bytes.withUnsafeBufferPointer { all in
            for text in texts { body(UnsafeBufferPointer(rebasing: all[text])) }
        }
    }

    /// Runs the kernel over all texts and returns what it gave, with the number of items.
    func once() -> (output: [UInt8], items: Int)? {
        var output: [UInt8] = []
        var items = 0
        func write(_ values: UnsafeRawBufferPointer) { if out != nil { output += values } }
        switch kernel {
        case "ids":
            guard let model else { return nil }
            var encoder = SubwordEncoder(model.tokenizer)
            var ids: [UInt32] = []
            forEachText { text in
                ids.removeAll(keepingCapacity: true)
                encoder.encode(text, into: &ids)
                items += ids.count
                withUnsafeBytes(of: UInt32(ids.count), write)
                ids.withUnsafeBytes(write)
            }
        case "embed":
            guard let model else { return nil }
            var embedder = TextEmbedder(model)
            var vector = [Float](repeating: 0, count: model.dimensions)
            forEachText { text in
                let source = vector.withUnsafeMutableBufferPointer {
                    embedder.embed(text, into: $0)
                }
                if source == .table { items += 1 }
                vector.withUnsafeBytes(write)
            }
        case "nearest":
            guard let model else { return nil }
            var embedder = TextEmbedder(model)
            var vector = [Float](repeating: 0, count: model.dimensions)
            var vectors = VectorSet(dimensions: model.dimensions)
            forEachText { text in
                _ = vector.withUnsafeMutableBufferPointer { embedder.embed(text, into: $0) }
                vectors.append(vector.span)
            }
            items = VectorIndex(vectors, seed: 1, work: SerialWork())
                .neighbours(count: 10, work: SerialWork()).reduce(0) { $0 + $1.count }
        case "words":
            var tokenizer = Tokenizer()
            var tokens: [UInt32] = []
            forEachText { text in
                tokens.removeAll(keepingCapacity: true)
                tokenizer.tokenize(text, into: &tokens)
                items += tokens.count
            }
        case "language":
            let detector = LanguageDetector()
            var counts: [String: Int] = [:]
            forEachText { counts[detector.detect($0).tag, default: 0] += 1 }
            items = counts.values.max() ?? 0
            output = counts.sorted { $0.key < $1.key }.flatMap { "\($0.key) \($0.value)\n".utf8 }
        default: return nil
        }
        return (output, items)
    }

    func main() -> Int32 {
        var best = Double.infinity
        var last: (output: [UInt8], items: Int) = ([], 0)
        for _ in 0..<repeats {
            let start = ContinuousClock.now
            guard let result = once() else { return 2 }
            let elapsed = (ContinuousClock.now - start).components
            best = min(best, Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
            last = result
        }
        print(
            JSONValue.object([
                "kernel": .string(kernel), "texts": JSONValue(texts.count),
                "bytes": JSONValue(bytes.count), "items": JSONValue(last.items),
                "best_seconds": .number(best),
            ]).bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
        if let out, let file = fopen(out, "wb") {
            fwrite(last.output, 1, last.output.count, file)
            fclose(file)
        }
        return 0
    }
}

func fail(_ reason: String) -> Never {
    let line = Array("error: \(reason)\n".utf8)
    write(2, line, line.count)
    exit(2)
}

do {
    guard let run = try Run(CommandLine.arguments) else {
        fail("expected a kernel and a file of texts")
    }
    exit(run.main())
} catch {
    fail("\(error)")
}
