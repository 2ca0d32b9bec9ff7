import CLinux
import Glibc

/// The protections a worker puts on itself before it loads a plugin.
enum Sandbox {
    /// Confines this process, which may read and map code from these folders, and returns which protections hold, by name.
    ///
    /// What the kernel lacks is reported, not fatal: the report says so.
    static func confine(readable: [String], memoryBytes: Int) -> [String: Bool] {
        var held: [String: Bool] = [:]
        held["parent-death-signal"] = clx_die_with_parent() == 0
        held["no-new-privileges"] = clx_no_new_privileges() == 0
        held["core-limit"] = limit(Int32(RLIMIT_CORE.rawValue), 0)
        held["file-limit"] = limit(Int32(RLIMIT_NOFILE.rawValue), 512)
        held["address-space-limit"] = limit(Int32(RLIMIT_AS.rawValue), memoryBytes)
        held["landlock"] = restrictFiles(readable)
        held["seccomp"] = clx_seccomp_restrict() == 0
        return held
    }

    private static func limit(_ resource: Int32, _ value: Int) -> Bool {
        var bound = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        return setrlimit(__rlimit_resource_t(UInt32(resource)), &bound) == 0
    }

    /// Reading and mapping code from the bundle and the embedding table, the system's libraries, and the folder that this
    /// process's own runtime libraries came from.
    private static func restrictFiles(_ readable: [String]) -> Bool {
        var paths = readable
        paths += [
            "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
            "/etc/ld.so.cache",
            "/proc/self", "/dev/null", "/dev/urandom",
        ]
        paths += runtimeFolders()
        let copies = paths.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { UnsafePointer($0) }
        return pointers.withUnsafeBufferPointer {
            clx_landlock_restrict($0.baseAddress, UInt32($0.count)) == 0
        }
    }

    /// Folders of the shared libraries that are mapped into this process.
    private static func runtimeFolders() -> [String] {
        guard let maps = FileBytes.read("/proc/self/maps") else { return [] }
        var folders: Set<String> = []
        for line in maps.split(separator: 0x0A) {
            guard let slash = line.firstIndex(of: UInt8(ascii: "/")) else { continue }
            let path = String(decoding: line[slash...], as: UTF8.self)
            if path.contains(".so") { folders.insert(Manifest.folder(of: path)) }
        }
        return folders.sorted()
    }
}
