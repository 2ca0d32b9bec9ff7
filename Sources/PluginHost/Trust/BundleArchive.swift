import CCompression
import JSONText

/// A bundle as one file: a deterministic tar (ustar, sorted, no times, no owners) compressed by gzip.
enum BundleArchive {
    /// A file of an archive.
    struct File: Equatable {
        let path: String
        let bytes: [UInt8]
        let isExecutable: Bool
    }

    /// Most bytes of a compressed archive.
    static let mostCompressed = 256 << 20

    // MARK: Writing

    /// Files as an archive: the same files give the same bytes.
    ///
    /// - Throws: `PluginError` for a path that does not fit.
    static func write(_ files: [File]) throws -> [UInt8] {
        var tar: [UInt8] = []
        for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
            guard BundleFiles.isInside(file.path) else {
                throw PluginError(
                    "\(file.path): cannot be in a bundle: expected at most 100 characters without spaces",
                    help: "rename the file")
            }
            tar += header(file)
            tar += file.bytes
            tar += [UInt8](repeating: 0, count: (512 - file.bytes.count % 512) % 512)
        }
        tar += [UInt8](repeating: 0, count: 1024)
        var buffer = ccm_buffer()
        defer { ccm_free(&buffer) }
        let reason = tar.withUnsafeBufferPointer {
            ccm_gzip($0.baseAddress, UInt64($0.count), &buffer)
        }
        if let reason {
            throw PluginError(
                "the bundle cannot be compressed: \(String(cString: reason))",
                help: "a bundle may have \(BundleFiles.mostBytes >> 20) MiB")
        }
        return Array(UnsafeBufferPointer(start: buffer.bytes, count: Int(buffer.length)))
    }

    private static func header(_ file: File) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.utf8.count) + text
        }
        put(file.path, 0)
        put(file.isExecutable ? "0000755" : "0000644", 100)
        put("0000000", 108)
        put("0000000", 116)
        put(octal(file.bytes.count, 11), 124)
        put("00000000000", 136)
        put("        ", 148)
        put("0", 156)
        put("ustar\u{0}00", 257)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6), 148)
        block[154] = 0
        return block
    }

    // MARK: Reading

    /// The files of an archive; the bytes are hostile.
    ///
    /// - Throws: `PluginError` for what is damaged, too large, or anything but plain files inside.
    static func read(_ archive: [UInt8], name: String) throws -> [File] {
        func refused(_ reason: String) -> PluginError {
            PluginError("\(name): \(reason)", help: "nothing was installed; get the archive again")
        }
        guard archive.count <= mostCompressed else {
            throw refused(
                "has \(archive.count) bytes, expected at most \(mostCompressed)")
        }
        var buffer = ccm_buffer()
        defer { ccm_free(&buffer) }
        let reason = archive.withUnsafeBufferPointer {
            ccm_decompress(
                0, $0.baseAddress, UInt64($0.count), UInt64(BundleFiles.mostBytes), &buffer)
        }
        if let reason { throw refused("cannot be unpacked: \(String(cString: reason))") }
        let tar = UnsafeBufferPointer(start: buffer.bytes, count: Int(buffer.length))
        var files: [File] = []
        var seen: Set<String> = []
        var place = 0
        while true {
            guard place + 512 <= tar.count else { throw refused("ends too early") }
            let block = UnsafeBufferPointer(rebasing: tar[place..<place + 512])
            if block.allSatisfy({ $0 == 0 }) { break }
            let file = try entry(block, refused)
            guard file.path != "plugin.json" || file.size <= Manifest.mostBytes,
                file.path != SignedManifest.fileName || file.size <= SignedManifest.mostBytes
            else { throw refused("\(file.path) has \(file.size) bytes, which is too many") }
            guard seen.insert(file.path).inserted else {
                throw refused("\(file.path) is there twice")
            }
            guard files.count < BundleFiles.mostFiles else {
                throw refused("has more than \(BundleFiles.mostFiles) files")
            }
            let start = place + 512
            guard file.size <= tar.count - start else { throw refused("ends too early") }
            files.append(
                File(
                    path: file.path, bytes: Array(tar[start..<start + file.size]),
                    isExecutable: file.isExecutable))
            place = start + (file.size + 511) / 512 * 512
        }
        guard tar[place...].allSatisfy({ $0 == 0 }) else {
            throw refused("has something behind its end")
        }
        return files
    }

    private static func entry(
        _ block: UnsafeBufferPointer<UInt8>, _ refused: (String) -> PluginError
    ) throws -> (path: String, size: Int, isExecutable: Bool) {
        func text(_ range: Range<Int>) -> String {
            String(decoding: block[range].prefix { $0 != 0 }, as: UTF8.self)
        }
        let sum = block.enumerated().reduce(0) {
            $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element))
        }
        guard Int(text(148..<156).filter { $0 != " " }, radix: 8) == sum else {
            throw refused("is damaged: a checksum does not fit")
        }
        let path = text(0..<100)
        guard BundleFiles.isInside(path), text(345..<500).isEmpty else {
            throw refused(
                "\"\(PluginError.shown(path))\" leads out of the bundle, or is no path of one")
        }
        guard block[156] == UInt8(ascii: "0") || block[156] == 0 else {
            throw refused(
                "\(path) is no plain file (type \"\(Character(UnicodeScalar(block[156])))\")")
        }
        guard let size = Int(text(124..<136).filter { $0 != " " }, radix: 8), size >= 0,
            let mode = Int(text(100..<108).filter { $0 != " " }, radix: 8)
        else { throw refused("\(path) has no size") }
        return (path, size, mode & 0o100 != 0)
    }

    // MARK: Packing

    /// A manifest with the hashes in it; what its author wrote stays as it is, to the last digit.
    private static func complete(
        _ manifest: [UInt8], _ files: JSONValue, _ path: String
    ) throws -> [UInt8] {
        let document = try JSONValue(parsing: manifest)
        if let stated = document["files"] {
            guard stated == files else {
                throw PluginError(
                    "\(path): has \"files\" that are not those of the folder",
                    help: "take \"files\" out; assay plugin pack puts it in")
            }
            return manifest
        }
        // The last brace ends the document: it is an object with members.
        guard let end = manifest.lastIndex(of: UInt8(ascii: "}")) else { return manifest }
        var body = Array(manifest[..<end])
        while let last = body.last, last <= 0x20 { body.removeLast() }
        return body + Array(",\n  \"files\": \(files.text)\n}\n".utf8)
    }

    /// A bundle's folder as an archive, its manifest completed with the hash of every file, signed if a key is given.
    ///
    /// The folder stays as it is. Returns the archive and the manifest in it.
    ///
    /// - Throws: `PluginError` for a manifest that does not hold, and files that cannot be in a bundle.
    static func pack(_ folder: String, key: SigningKey?) throws -> (
        archive: [UInt8], manifest: [UInt8]
    ) {
        let manifestPath = folder + "/plugin.json"
        let manifest = try Manifest(path: manifestPath)
        var files: [File] = []
        var named: [(String, JSONValue)] = []
        for entry in try FolderWalk.entries(below: folder) {
            guard entry.isFile else {
                throw PluginError(
                    "\(folder)/\(entry.path): is no plain file", help: "put the file itself there")
            }
            guard entry.path != "plugin.json", entry.path != SignedManifest.fileName else {
                continue
            }
            guard let bytes = FileBytes.read(folder + "/" + entry.path) else {
                throw PluginError(
                    "\(folder)/\(entry.path): cannot be read", help: "check the permissions")
            }
            files.append(File(path: entry.path, bytes: bytes, isExecutable: entry.isExecutable))
            named.append(
                (
                    entry.path,
                    [
                        "sha256": .string(FileBytes.hexDigest(bytes)),
                        "size": JSONValue(bytes.count),
                    ]
                ))
        }
        for path in manifest.ownLibraries where !files.contains(where: { $0.path == path }) {
            throw PluginError(
                "\(manifestPath): names the library \(path), which is not in the folder",
                help: "build it, or take the platform out of \"library\"")
        }
        guard let bytes = FileBytes.read(manifestPath, most: Manifest.mostBytes) else {
            throw PluginError("\(manifestPath): cannot be read", help: "check the file")
        }
        let completed = try complete(bytes, .object(JSONObject(named)), manifestPath)
        files.append(File(path: "plugin.json", bytes: completed, isExecutable: false))
        if let key {
            let envelope = try SignedManifest.envelope(completed, key: key)
            files.append(
                File(
                    path: SignedManifest.fileName, bytes: Array((envelope.text + "\n").utf8),
                    isExecutable: false))
        }
        return (try write(files), completed)
    }
}
