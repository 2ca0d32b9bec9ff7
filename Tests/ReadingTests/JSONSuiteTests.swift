import Foundation
import Reading
import Records
import Support
import Testing

/// The JSON test suite: `y_` must parse, `n_` must not, `i_` may.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct JSONSuiteTests {
    private struct File {
        let name: String
        let bytes: [UInt8]
        var mustParse: Bool { name.hasPrefix("y_") }
        var mayDoBoth: Bool { !name.hasPrefix("y_") && !name.hasPrefix("n_") }
    }

    private func files() throws -> [File] {
        let folder = SharedData.file("json_test_suite")
        var found: [File] = []
        let urls = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let url = urls?.nextObject() as? URL {
            guard url.pathExtension == "json" else { continue }
            let bytes = [UInt8](try Data(contentsOf: url))
            found.append(File(name: url.lastPathComponent, bytes: bytes))
        }
        return found.sorted { $0.name < $1.name }
    }

    @Test("as documents: every y_ is accepted, every n_ is rejected with a reason")
    func documents() throws {
        let parser = JSONTapeParser()
        var counts = (accepted: 0, rejected: 0)
        for file in try files() {
            let reason: String? = file.bytes.withUnsafeBufferPointer { buffer in
                if case .failure(let fault) = parser.parse(buffer) { return fault.reason }
                return nil
            }
            if reason == nil { counts.accepted += 1 } else { counts.rejected += 1 }
            if file.mayDoBoth { continue }
            #expect((reason == nil) == file.mustParse, "\(file.name): \(reason ?? "accepted")")
            #expect(reason?.isEmpty != true, "\(file.name)")
        }
        #expect(counts.accepted >= 95 && counts.rejected >= 188)
    }

    @Test("as lines of a JSONL file: the same, and the lines around them are read")
    func lines() throws {
        let neighbour = Array(#"{"text":"neighbour"}"#.utf8)
        for file in try files() {
            // A line holds no line break: elsewhere in JSON text it is white space, so a space says
            // the same; inside a string both are control characters or keep the file wrong.
            let line = file.bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
            let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            let read = try ReadRecords(
                neighbour + [0x0A] + line + [0x0A] + neighbour, name: "suite.jsonl")
            let texts = read.strings(.prompt)
            #expect(texts.first == "neighbour" && texts.last == "neighbour", "\(file.name)")
            if isBlank {
                #expect(read.rejected.isEmpty && texts.count == 2, "\(file.name)")
                continue
            }
            #expect(read.rejected.count + texts.count == 3, "\(file.name)")
            #expect(read.rejected.allSatisfy { !$0.reason.isEmpty && $0.line == 2 }, "\(file.name)")
            #expect(read.rejected.allSatisfy { $0.bytes == line }, "\(file.name)")
            if file.mayDoBoth || file.name == "n_string_unescaped_newline.json" { continue }
            #expect(read.rejected.isEmpty == file.mustParse, "\(file.name)")
        }
    }

    @Test("as whole files: none crashes the reader, every n_ loses nothing silently")
    func wholeFiles() throws {
        for file in try files() {
            let read = try ReadRecords(file.bytes, name: file.name)
            // A file of white space or of a byte-order mark alone has no record; the run says so.
            let isBlank = file.bytes.allSatisfy {
                [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0)
            }
            if file.name.hasPrefix("n_"), !isBlank {
                #expect(!read.rejected.isEmpty, "\(file.name)")
            }
            if file.mustParse {
                #expect(read.rejected.isEmpty, "\(file.name): \(read.rejected.map(\.reason))")
            }
        }
    }
}
