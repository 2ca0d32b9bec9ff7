import AssayKit
import Foreign
import ForeignCalls
import Foundation
import JSONText
import Support
import Testing

/// What calling through a manifest costs, beside the function itself.
@Suite(.serialized) struct CallCostTests {
    @Test(
        "batch form costs at most 10 ns a record beside the function, score and rule included"
    )
    func batch() throws {
        let folder = try TemporaryFolder()
        let source = Checkout.file("Examples/foreign-batch/digits.c").path
        let ending = try Program.run(
            "/usr/bin/env",
            ["clang", "-O2", "-shared", "-fPIC", "-o", folder.path("libdigits.so"), source])
        #expect(ending.status == 0, "\(ending.errors)")
        let manifest = try JSONValue(
            parsing: String(
                contentsOf: Checkout.file("Examples/foreign-batch/plugin.json"), encoding: .utf8))
        let description = try ForeignDescription(manifest: manifest)
        let library = try ForeignLibrary(
            description, platform: ForeignDescription.platform,
            fixed: FixedValues(folder: folder.path("."), parameters: [:]))
        try VectorTrial.run(library)
        let handle = try #require(dlopen(folder.path("libdigits.so"), RTLD_NOW))
        let symbol = try #require(dlsym(handle, "digit_shares"))
        typealias Direct =
            @convention(c) (
                UnsafePointer<UInt8>?, UnsafePointer<Int64>, Int64, UnsafeMutablePointer<Double>
            ) -> Void
        let direct = unsafeBitCast(symbol, to: Direct.self)

        // Short texts: the function itself is cheap, and what is measured is the way to it.
        let count = 50_000
        var bytes: [UInt8] = []
        var offsets: [Int64] = [0]
        for row in 0..<count {
            bytes += Array("a\(row % 7)".utf8)
            offsets.append(Int64(bytes.count))
        }
        let caller = try RecordCaller(library)
        var results = [Double](repeating: 0, count: count)
        var seen = 0.0
        var tally = ScoreTally()
        let (own, called, whole) = try bytes.withUnsafeBufferPointer { bytes in
            try offsets.withUnsafeBufferPointer { offsets in
                let bytes = bytes.baseAddress
                let offsets = try #require(offsets.baseAddress)
                let own = CallCostTests.best {
                    results.withUnsafeMutableBufferPointer {
                        direct(bytes, offsets, Int64(count), $0.baseAddress!)
                    }
                }
                let texts = RecordCaller.Texts(
                    bytes: bytes, offsets: offsets, validity: nil, count: count)
                let called = try CallCostTests.best {
                    try caller.score(texts) { _, _, block in
                        for rule in description.rules {
                            block.forEach(of: rule) { _, _ in seen += 1 }
                        }
                    }
                }
                let whole = try CallCostTests.best {
                    try caller.score(texts) { first, scores, block in
                        for rule in description.rules {
                            block.forEach(of: rule) { _, _ in seen += 1 }
                        }
                        var span = scores.mutableSpan
                        tally.add(&span, firstRow: first)
                    }
                }
                return (own, called, whole)
            }
        }
        #expect(seen == 0 && tally.mean == 0.5 && results[1] == 0.5)
        let cost = (called - own) / Double(count) * 1e9
        // What a multiplication and an exclusive or after one another take, four cycles, says how fast this core is now.
        var chain: UInt64 = 1
        let steps = 1_000_000
        let time = CallCostTests.best {
            for _ in 0..<steps { chain = (chain &* 6_364_136_223_846_793_005) ^ (chain >> 29) }
        }
        #expect(chain != 0)
        let cycle = time / Double(steps) * 1e9 / 4
        func shown(_ nanoseconds: Double) -> String {
            "\(String(format: "%.1f", nanoseconds)) ns, \(String(format: "%.0f", nanoseconds / cycle)) cycles"
        }
        print(
            "batch form: \(shown(cost)) a record beside the function, score and rule included; "
                + "with the tally \(shown((whole - own) / Double(count) * 1e9))")
        // Ten nanoseconds of a core at 3 GHz.
        #expect(cost / cycle <= 30, "\(cost) ns")
    }

    /// The least of some runs, in seconds.
    private static func best(_ body: () throws -> Void) rethrows -> Double {
        var least = Double.infinity
        for _ in 0..<40 {
            let start = ContinuousClock.now
            try body()
            let elapsed = ContinuousClock.now - start
            least = min(
                least,
                Double(elapsed.components.attoseconds) / 1e18 + Double(elapsed.components.seconds))
        }
        return least
    }
}
