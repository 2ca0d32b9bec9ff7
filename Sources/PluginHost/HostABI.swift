import CAssay

/// The ABI this host speaks.
public enum HostABI {
    /// Part of the entry symbol's name.
    public static let major = Int(ASSAY_ABI_MAJOR)
    /// Newest tail the host knows.
    public static let minor = Int(ASSAY_ABI_MINOR)
    /// Name and version that plugins are told.
    public static let name: StaticString = "assay"
    /// Version of the program.
    public static let version: StaticString = "0.1.0"
}

extension assay_str {
    /// Copies the text; bytes that are not UTF-8 are replaced.
    var text: String {
        guard let ptr, len > 0 else { return "" }
        let bytes = UnsafeRawBufferPointer(start: ptr, count: Int(len))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A view of static text.
    init(_ text: StaticString) {
        self.init(
            ptr: UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self),
            len: UInt64(text.utf8CodeUnitCount))
    }
}
