import Foundation
import Reading
import Testing

/// The real data beside the checkout; absent on a machine without it.
enum SharedData {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/data").standardizedFileURL
    static let isPresent = FileManager.default.fileExists(atPath: folder.path)
}

@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct JSONSuiteTests {
    @Test("accepts every y_ file and rejects every n_ file of the JSON test suite")
    func conformance() throws {
        let folder = SharedData.folder.appendingPathComponent("json_test_suite")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var seen = 0
        let parser = JSONTapeParser()
        while let file = files?.nextObject() as? URL {
            let name = file.lastPathComponent
            guard name.hasSuffix(".json"), name.hasPrefix("y_") || name.hasPrefix("n_") else {
                continue
            }
            seen += 1
            let bytes = [UInt8](try Data(contentsOf: file))
            let isAccepted = bytes.withUnsafeBufferPointer { buffer in
                if case .success = parser.parse(buffer) { return true }
                return false
            }
            #expect(isAccepted == name.hasPrefix("y_"), "\(name)")
        }
        #expect(seen > 250)
    }
}
