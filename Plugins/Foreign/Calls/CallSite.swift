import CFFI
import Foreign
import Glibc

/// A prepared call of one function with the words of its arguments.
///
/// One for a thread.
final class CallSite {
    let function: ForeignDescription.Function
    private let call: OpaquePointer
    private let address: UnsafeMutableRawPointer
    /// The arguments; those that are the same for every record are filled once.
    let words: UnsafeMutablePointer<UInt64>
    /// What the pointers to places point at.
    let places: UnsafeMutablePointer<UInt64>
    private var kept: [UnsafeMutablePointer<CChar>] = []

    init(
        _ function: ForeignDescription.Function, address: UnsafeMutableRawPointer,
        fixed: FixedValues, state: UnsafeMutableRawPointer?
    ) throws {
        self.function = function
        self.address = address
        let count = function.arguments.count
        let types = function.arguments.map { argument -> UInt8 in
            switch argument.origin {
            case .place, .batchResults: UInt8(CFFI_PTR)
            default: CallSite.code(argument.type)
            }
        }
        guard
            let call = cffi_prepare(types, UInt32(count), CallSite.code(function.returns))
        else { throw CallFault("\(function.symbol): its call cannot be prepared") }
        self.call = call
        words = .allocate(capacity: max(1, count))
        words.initialize(repeating: 0, count: max(1, count))
        places = .allocate(capacity: max(1, count))
        places.initialize(repeating: 0, count: max(1, count))
        for (index, argument) in function.arguments.enumerated() {
            switch argument.origin {
            case .number(let value): words[index] = argument.type.word(value)
            case .string(let text): words[index] = keep(text)
            case .resource(let path): words[index] = keep(fixed.path(path))
            case .parameter(let name):
                switch (fixed.parameters[name], argument.type) {
                case (.text(let text)?, .cstr): words[index] = keep(text)
                case (.number(let value)?, let type) where type.isNumber:
                    words[index] = type.word(value)
                default: throw CallFault("the setting \(name) is not there, or of another kind")
                }
            case .state: words[index] = UInt64(UInt(bitPattern: state))
            case .place:
                words[index] = UInt64(UInt(bitPattern: UnsafeMutableRawPointer(places + index)))
            default: break
            }
        }
    }

    deinit {
        cffi_free(call)
        words.deallocate()
        places.deallocate()
        for text in kept { free(text) }
    }

    private func keep(_ text: String) -> UInt64 {
        guard let copy = strdup(text) else { return 0 }
        kept.append(copy)
        return UInt64(UInt(bitPattern: copy))
    }

    /// What stands behind a place whose type is shorter than a word.
    private static let mark: UInt64 = 0xA5A5_A5A5_A5A5_A5A5

    private func mask(_ index: Int) -> UInt64 {
        let size = function.arguments[index].type.size
        return size >= 8 ? 0 : UInt64.max << UInt64(8 * size)
    }

    /// Sets what an argument's pointer points at.
    func fillPlace(_ index: Int, _ word: UInt64) {
        let behind = mask(index)
        places[index] = word & ~behind | CallSite.mark & behind
    }

    /// Whether the function wrote no more than the place's type.
    func isIntact(_ index: Int) -> Bool {
        let behind = mask(index)
        return places[index] & behind == CallSite.mark & behind
    }

    /// Makes the call with the words as they are.
    @inline(__always)
    func invoke() -> UInt64 { cffi_invoke(call, address, words) }

    private static func code(_ type: ForeignType) -> UInt8 {
        let code =
            switch type {
            case .i8: CFFI_I8
            case .i16: CFFI_I16
            case .i32: CFFI_I32
            case .i64: CFFI_I64
            case .u8: CFFI_U8
            case .u16: CFFI_U16
            case .u32: CFFI_U32
            case .u64: CFFI_U64
            case .f32: CFFI_F32
            case .f64: CFFI_F64
            case .ptr, .cstr: CFFI_PTR
            case .void: CFFI_VOID
            }
        return UInt8(code)
    }
}

/// Why calls cannot be made.
public struct CallFault: Error, Sendable, CustomStringConvertible {
    /// One line: what was found and what was expected.
    public let description: String
    init(_ description: String) { self.description = description }
}

/// What is the same for every record.
public struct FixedValues: Sendable {
    /// The value of a setting.
    public enum Setting: Sendable {
        case number(Double)
        case text(String)
    }

    let folder: String
    let parameters: [String: Setting]

    /// Values of a bundle's folder and a configuration.
    public init(folder: String, parameters: [String: Setting]) {
        self.folder = folder
        self.parameters = parameters
    }

    /// Where a path of the manifest leads.
    func path(_ path: String) -> String {
        path.hasPrefix("system:") ? String(path.dropFirst(7)) : folder + "/" + path
    }
}
