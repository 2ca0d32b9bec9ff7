public import Foreign
import Glibc

/// A plain C library and the functions that a manifest names, found by their symbols.
///
/// It is never unloaded.
public final class ForeignLibrary: @unchecked Sendable {
    let description: ForeignDescription
    let fixed: FixedValues
    private let addresses: [String: UnsafeMutableRawPointer]
    /// Held during the calls of a library that is not made for threads.
    private var serial = pthread_mutex_t()

    /// Loads the library for this platform and finds every function.
    ///
    /// - Throws: `CallFault` that names the library or the symbol.
    public init(
        _ description: ForeignDescription, platform: String, fixed: FixedValues
    ) throws {
        self.description = description
        self.fixed = fixed
        guard let path = description.library[platform] else {
            throw CallFault("there is no library for \(platform)")
        }
        let name = fixed.path(path)
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
            throw CallFault("the library \(name) cannot be loaded: \(reason)")
        }
        var addresses: [String: UnsafeMutableRawPointer] = [:]
        let functions =
            description.functions
            + [description.initialiser, description.release].compactMap { $0 }
        for function in functions {
            guard let address = dlsym(handle, function.symbol) else {
                throw CallFault("the library \(name) has no function \(function.symbol)")
            }
            addresses[function.symbol] = address
        }
        self.addresses = addresses
        pthread_mutex_init(&serial, nil)
    }

    deinit { pthread_mutex_destroy(&serial) }

    /// Runs calls, one thread at a time where the manifest asks for it.
    func calling<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard description.isSerial else { return try body() }
        pthread_mutex_lock(&serial)
        defer { pthread_mutex_unlock(&serial) }
        return try body()
    }

    func site(
        _ function: ForeignDescription.Function, state: UnsafeMutableRawPointer?
    ) throws -> CallSite {
        guard let address = addresses[function.symbol] else {
            throw CallFault("\(function.symbol) was not found")
        }
        return try CallSite(function, address: address, fixed: fixed, state: state)
    }

    /// A new state and the call that made it, whose texts the library may go on using; `nil` without an initialiser.
    func makeState() throws -> (state: UnsafeMutableRawPointer, maker: CallSite)? {
        guard let initialiser = description.initialiser else { return nil }
        let maker = try site(initialiser, state: nil)
        let word = calling { maker.invoke() }
        guard let state = UnsafeMutableRawPointer(bitPattern: UInt(word)) else {
            throw CallFault("\(initialiser.symbol) returned null: there is no state")
        }
        return (state, maker)
    }

    func end(_ state: UnsafeMutableRawPointer) {
        guard let release = description.release else { return }
        calling { _ = try? site(release, state: state).invoke() }
    }
}
