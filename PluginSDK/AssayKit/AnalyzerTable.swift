import CAssay
import JSONText

/// An analyzer's table with what the thunks need behind it.
///
/// C function pointers carry no context, so `create` finds its factory behind the table it is given.
struct AnalyzerTable {
    var table: assay_analyzer
    var factory: Unmanaged<AnalyzerFactory>

    static func make(for factory: AnalyzerFactory) -> UnsafeMutablePointer<assay_analyzer> {
        let pointer = UnsafeMutablePointer<AnalyzerTable>.allocate(capacity: 1)
        pointer.initialize(
            to: AnalyzerTable(
                table: assay_analyzer(
                    struct_size: UInt64(MemoryLayout<assay_analyzer>.size),
                    state_format: factory.stateFormat, flags: 0, id: staticText(factory.id),
                    version: staticText(factory.version), create: create, destroy: destroy,
                    begin: begin, scan: scan, merge: merge, save: save, load: load,
                    end_pass: endPass, finish: finish, discard: discard,
                    get_extension: getExtension), factory: .passRetained(factory)))
        return UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: assay_analyzer.self)
    }
}

func staticText(_ text: StaticString) -> assay_str {
    assay_str(
        ptr: UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self),
        len: UInt64(text.utf8CodeUnitCount))
}

private func factory(of table: UnsafePointer<assay_analyzer>?) -> AnalyzerFactory? {
    table.map {
        UnsafeRawPointer($0).assumingMemoryBound(to: AnalyzerTable.self).pointee.factory
            .takeUnretainedValue()
    }
}

private func object<Object: AnyObject>(
    _ pointer: UnsafeMutableRawPointer?, as type: Object.Type
) throws -> Object {
    guard let pointer else { throw AnalyzerError("a null handle was given") }
    return Unmanaged<Object>.fromOpaque(pointer).takeUnretainedValue()
}

/// Runs a call and turns a thrown error into a status and a message in the caller's buffer.
private func guarded(
    _ error: UnsafeMutablePointer<assay_error>?, _ body: () throws -> Void
) -> assay_status {
    do {
        try body()
        return ASSAY_OK
    } catch let failure {
        let known = failure as? AnalyzerError
        write(known?.message ?? "\(failure)", to: error)
        if let status = known?.hostStatus, status != ASSAY_OK { return status }
        return known?.isConfiguration == true ? ASSAY_E_INVALID_CONFIG : ASSAY_E_INTERNAL
    }
}

/// Copies a message, cut between characters, terminated.
private func write(_ message: String, to error: UnsafeMutablePointer<assay_error>?) {
    guard let error, error.pointee.struct_size >= 24, let buffer = error.pointee.message,
        error.pointee.message_capacity > 0
    else { return }
    let room = Int(error.pointee.message_capacity) - 1
    var used = 0
    for character in message {
        let bytes = Array(character.utf8)
        if used + bytes.count > room { break }
        for byte in bytes {
            buffer[used] = CChar(bitPattern: byte)
            used += 1
        }
    }
    buffer[used] = 0
}

private func pass(_ pointer: UnsafePointer<assay_pass>?) throws -> Pass {
    guard let pass = pointer?.pointee else { throw AnalyzerError("no pass was given") }
    return Pass(
        number: Int(pass.pass), role: Role(rawValue: pass.role) ?? .data, seed: pass.seed,
        broadcast: Array(
            UnsafeBufferPointer(start: pass.broadcast.ptr, count: Int(pass.broadcast.len))))
}

private let groupsID: StaticString = "assay.groups/1"

private func isGroups(_ id: assay_str) -> Bool {
    guard let pointer = id.ptr, Int(id.len) == groupsID.utf8CodeUnitCount else { return false }
    return (0..<Int(id.len)).allSatisfy {
        UInt8(bitPattern: pointer[$0]) == groupsID.utf8Start[$0]
    }
}

private let create:
    @convention(c) (
        UnsafePointer<assay_analyzer>?, UnsafePointer<assay_host>?, assay_bytes,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { table, host, configuration, result, error in
        guarded(error) {
            guard let factory = factory(of: table), let result else {
                throw AnalyzerError("no analyzer was given")
            }
            let bytes = UnsafeBufferPointer(start: configuration.ptr, count: Int(configuration.len))
            let value: JSONValue
            do {
                value = bytes.isEmpty ? .object([:]) : try JSONValue(parsing: Array(bytes))
            } catch {
                throw AnalyzerError(
                    "the configuration is not JSON: \(error)", isConfiguration: true)
            }
            let services = HostServices(host)
            let emitter = services.find(groupsID)
            let instance = try factory.make(
                value, services,
                emitter?.assumingMemoryBound(to: assay_group_emitter.self))
            result.pointee = Unmanaged.passRetained(instance).toOpaque()
        }
    }

private let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void = { instance in
    if let instance { Unmanaged<Instance>.fromOpaque(instance).release() }
}

private let begin:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafePointer<assay_pass>?,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { instance, passPointer, result, error in
        guarded(error) {
            let box = try object(instance, as: Instance.self).begin(pass(passPointer))
            result?.pointee = Unmanaged.passRetained(box).toOpaque()
        }
    }

private let scan:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafePointer<assay_batch>?, UnsafePointer<assay_sink>?,
        UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { partial, batch, sink, error in
        guarded(error) { try object(partial, as: PartialBox.self).scan(batch, sink) }
    }

private let merge:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { target, other, error in
        guarded(error) {
            try object(target, as: PartialBox.self).merge(object(other, as: PartialBox.self))
        }
    }

private let save:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafePointer<assay_writer>?, UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { partial, writer, error in
        guarded(error) {
            try write(object(partial, as: PartialBox.self).save(), to: writer)
        }
    }

private let load:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafePointer<assay_pass>?, assay_bytes,
        UnsafeMutablePointer<UnsafeMutableRawPointer?>?, UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { instance, passPointer, state, result, error in
        guarded(error) {
            let bytes = Array(UnsafeBufferPointer(start: state.ptr, count: Int(state.len)))
            let box = try object(instance, as: Instance.self).load(bytes, pass(passPointer))
            result?.pointee = Unmanaged.passRetained(box).toOpaque()
        }
    }

private let endPass:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafePointer<assay_writer>?,
        UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { instance, partial, writer, another, error in
        guarded(error) {
            let decision = try object(instance, as: Instance.self)
                .endPass(object(partial, as: PartialBox.self))
            switch decision {
            case .finish: another?.pointee = 0
            case .again(let broadcast):
                try write(broadcast, to: writer)
                another?.pointee = 1
            }
        }
    }

private let finish:
    @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafePointer<assay_sink>?,
        UnsafeMutablePointer<assay_error>?
    ) -> assay_status = { instance, partial, sink, error in
        guarded(error) {
            try object(instance, as: Instance.self)
                .finish(object(partial, as: PartialBox.self), sink)
        }
    }

private let discard: @convention(c) (UnsafeMutableRawPointer?) -> Void = { partial in
    if let partial { Unmanaged<PartialBox>.fromOpaque(partial).release() }
}

private let getExtension:
    @convention(c) (UnsafePointer<assay_analyzer>?, assay_str) -> UnsafeRawPointer? = {
        table, id in
        guard isGroups(id), factory(of: table)?.groups == true else { return nil }
        return UnsafeRawPointer(grouping)
    }

private nonisolated(unsafe) let grouping: UnsafePointer<assay_grouping> = {
    let table = UnsafeMutablePointer<assay_grouping>.allocate(capacity: 1)
    table.initialize(
        to: assay_grouping(
            struct_size: UInt64(MemoryLayout<assay_grouping>.size),
            group: { partial, key, members, count, sink, error in
                guarded(error) {
                    try object(partial, as: PartialBox.self)
                        .group(Group(key: key, members: members, count: count), sink)
                }
            }))
    return UnsafePointer(table)
}()

private func write(_ bytes: [UInt8], to writer: UnsafePointer<assay_writer>?) throws {
    guard let writer else { throw AnalyzerError("no writer was given") }
    let status = bytes.withUnsafeBufferPointer {
        writer.pointee.write(
            writer.pointee.ctx, assay_bytes(ptr: $0.baseAddress, len: UInt64($0.count)))
    }
    if status != ASSAY_OK {
        throw AnalyzerError("the host took no more bytes", hostStatus: status)
    }
}
