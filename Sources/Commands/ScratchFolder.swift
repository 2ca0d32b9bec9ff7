import Glibc
import PluginHost

/// A folder for files that do not stay, hidden beside one that does; it goes with its last use.
///
/// Nothing in it was there before: no file of the user's can be meant by its names.
final class ScratchFolder {
    /// Where it is.
    let path: String
    private var files: Set<String> = []

    /// Makes one.
    ///
    /// - Throws: `UsageError` when no folder can be made beside `output`.
    init(beside output: String) throws {
        let slash = output.lastIndex(of: "/")
        let folder = slash.map { output[...$0] } ?? ""
        let name = slash.map { output[output.index(after: $0)...] } ?? output[...]
        var template = Array("\(folder).\(name).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw UsageError(
                "\(output): no folder can be made beside it: \(String(cString: strerror(errno)))",
                help: "check the folder, the space and the permissions")
        }
        path = template.withUnsafeBufferPointer { chars in
            String(decoding: chars.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    deinit {
        for file in files { unlink(file) }
        rmdir(path)
    }

    /// A file of this name in it.
    func file(_ name: String) -> String {
        let file = "\(path)/\(name)"
        files.insert(file)
        return file
    }
}
