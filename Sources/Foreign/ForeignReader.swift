import JSONText

/// Reads the parts of a foreign manifest; knows which names have been given so far.
struct ForeignReader {
    typealias Fault = ForeignDescription.Fault
    typealias Function = ForeignDescription.Function
    typealias Argument = ForeignDescription.Argument
    typealias Origin = ForeignDescription.Origin

    var variables = ["text.len", "text.words"]
    var hasState = false
    /// Most functions, rules and test vectors.
    private static let mostElements = 200
    private let parameters: [(name: String, isNumber: Bool)]

    init(_ parameters: [(name: String, isNumber: Bool)]) {
        self.parameters = parameters
        variables += parameters.filter(\.isNumber).map { "param.\($0.name)" }
    }

    // MARK: Values

    private func wrong(_ place: String, _ found: JSONValue?, _ expected: String) -> Fault {
        let shown = found.map { String($0.text.prefix(80)) }
        return Fault(
            place: place,
            message: shown.map { "is \($0), expected \(expected)" }
                ?? "is missing, expected \(expected)")
    }

    func onlyKnown(_ value: JSONValue, _ place: String, _ keys: [String]) throws {
        guard let object = value.objectValue else { throw wrong(place, value, "an object") }
        if let unknown = object.keys.first(where: { !keys.contains($0) }) {
            throw Fault(
                place: "\(place).\(unknown)",
                message: "is not known, expected one of \(keys.joined(separator: ", "))")
        }
    }

    func list(_ value: JSONValue?, _ place: String) throws -> [(value: JSONValue, place: String)] {
        guard let list = value?.arrayValue, !list.isEmpty else {
            throw wrong(place, value, "a list that is not empty")
        }
        guard list.count <= ForeignReader.mostElements else {
            throw Fault(
                place: place,
                message:
                    "has \(list.count) elements, expected at most \(ForeignReader.mostElements)")
        }
        return list.enumerated().map { ($0.element, "\(place)[\($0.offset)]") }
    }

    func flag(_ value: JSONValue?, _ place: String) throws -> Bool {
        guard let value else { return false }
        guard let flag = value.boolValue else { throw wrong(place, value, "true or false") }
        return flag
    }

    private func string(_ value: JSONValue?, _ place: String) throws -> String {
        guard let text = value?.stringValue, !text.isEmpty else {
            throw wrong(place, value, "a string that is not empty")
        }
        return text
    }

    private func type(_ value: JSONValue?, _ place: String) throws -> ForeignType {
        guard let type = value?.stringValue.flatMap(ForeignType.init(rawValue:)) else {
            throw wrong(
                place, value,
                "one of " + ForeignType.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return type
    }

    private func symbol(_ value: JSONValue?, _ place: String) throws -> String {
        let text = try string(value, place)
        let fits = text.utf8.allSatisfy {
            $0 == 0x5F || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39
        }
        guard fits else { throw wrong(place, value, "the name of a C function") }
        return text
    }

    func formula(_ value: JSONValue?, _ place: String) throws -> Formula {
        let text: String
        if let number = value?.doubleValue {
            text = "\(number)"
        } else {
            text = try string(value, place)
        }
        do {
            return try Formula(text, variables: variables)
        } catch let fault as Formula.Fault {
            throw Fault(place: place, message: fault.message)
        }
    }

    func library(_ value: JSONValue?) throws -> [String: String] {
        guard let members = value?.objectValue?.members, !members.isEmpty else {
            throw wrong("foreign.library", value, "a path by platform, such as linux_amd64")
        }
        var found: [String: String] = [:]
        for member in members {
            let place = "foreign.library.\(member.key)"
            let text = try path(member.value, place)
            if text.hasPrefix("system:") {
                let name = text.dropFirst(7)
                guard !name.isEmpty, !name.contains("/") else {
                    throw wrong(
                        place, member.value, "system: and the name of a library, such as libz.so.1")
                }
            }
            found[member.key] = text
        }
        return found
    }

    /// A path of the bundle, or `system:` and what the loader or the system finds.
    private func path(_ value: JSONValue?, _ place: String) throws -> String {
        let text = try string(value, place)
        if text.hasPrefix("system:") {
            guard !text.split(separator: "/").contains("..") else {
                throw wrong(place, value, "a path without ..")
            }
            return text
        }
        let steps = text.split(separator: "/", omittingEmptySubsequences: false)
        guard !text.hasPrefix("/"), steps.allSatisfy({ $0 != ".." && $0 != "." && !$0.isEmpty })
        else { throw wrong(place, value, "a path inside the bundle, or system: and a name") }
        return text
    }

    func column(_ value: JSONValue?) throws -> String {
        guard let value else { return "text.all" }
        let name = try string(value, "foreign.column")
        guard name.hasPrefix("text.") || name.hasPrefix("field:") || name == "label" else {
            throw wrong("foreign.column", value, "a column of texts, such as text.response")
        }
        return name
    }

    // MARK: Functions

    mutating func initialiser(_ value: JSONValue) throws -> Function {
        let place = "foreign.init"
        try onlyKnown(value, place, ["symbol", "args", "returns"])
        let arguments = try fixedArguments(value["args"], place)
        if let returns = value["returns"], returns["type"]?.stringValue != "ptr" {
            throw wrong("\(place).returns", returns, "{\"type\": \"ptr\"}: the state")
        }
        return Function(
            symbol: try symbol(value["symbol"], "\(place).symbol"), extent: .row,
            arguments: arguments, returns: .ptr, variable: nil, accepted: nil)
    }

    mutating func release(_ value: JSONValue) throws -> Function {
        let place = "foreign.free"
        try onlyKnown(value, place, ["symbol", "args"])
        guard hasState else {
            throw Fault(place: place, message: "is there without foreign.init")
        }
        let arguments =
            value["args"] == nil
            ? [Argument(type: .ptr, origin: .state)] : try fixedArguments(value["args"], place)
        return Function(
            symbol: try symbol(value["symbol"], "\(place).symbol"), extent: .row,
            arguments: arguments, returns: .void, variable: nil, accepted: nil)
    }

    /// Arguments that are the same for every record.
    private mutating func fixedArguments(_ value: JSONValue?, _ place: String) throws -> [Argument]
    {
        let arguments = try arguments(value, place)
        for (index, argument) in arguments.enumerated() {
            switch argument.origin {
            case .number, .string, .parameter, .resource, .state: break
            default:
                throw Fault(
                    place: "\(place).args[\(index)]",
                    message: "has to do with a record, expected const, param, resource or state")
            }
        }
        return arguments
    }

    mutating func function(_ value: JSONValue, _ place: String) throws -> Function {
        try onlyKnown(value, place, ["symbol", "args", "returns", "each"])
        let symbol = try symbol(value["symbol"], "\(place).symbol")
        let isBatch = (value["args"]?.arrayValue ?? []).contains {
            ["data", "offsets", "rows"].contains($0["bind"]?.stringValue)
        }
        let before = variables.count
        let arguments = try arguments(value["args"], place)
        let words = arguments.contains {
            switch $0.origin {
            case .wordTerminated, .wordLength: true
            default: false
            }
        }
        let each = value["each"]?.stringValue
        guard value["each"] == nil || each == "word" || each == "row" else {
            throw wrong("\(place).each", value["each"], "\"row\" or \"word\"")
        }
        guard words == (each == "word") else {
            throw Fault(
                place: "\(place).each",
                message: words
                    ? "has to be \"word\" where a word is an argument"
                    : "is \"word\", and no argument is word.cstr or word.len")
        }
        let ofText = arguments.firstIndex {
            switch $0.origin {
            case .textPointer, .textLength, .textTerminated: true
            default: false
            }
        }
        if words, let ofText {
            throw Fault(
                place: "\(place).args[\(ofText)]",
                message: "is of the whole text, in a function that is called for every word")
        }
        let returned = value["returns"] ?? ["type": "void"]
        try onlyKnown(returned, "\(place).returns", ["type", "as", "ok"])
        let type = try type(returned["type"], "\(place).returns.type")
        var accepted: [Double]?
        if let ok = returned["ok"] {
            let list = ok.arrayValue ?? [ok]
            accepted = list.compactMap(\.doubleValue)
            guard accepted?.count == list.count, !list.isEmpty, type != .void else {
                throw wrong("\(place).returns.ok", ok, "a number, or a list of numbers")
            }
        }
        var variable: Int?
        if returned["as"] != nil {
            guard type != .void else {
                throw Fault(place: "\(place).returns.as", message: "names a result that is void")
            }
            variable = try name(returned["as"], "\(place).returns.as")
        }
        if isBatch {
            guard variable == nil, before < variables.count else {
                throw Fault(
                    place: place,
                    message: "is called for many records at once: expected an \"out\" with a name, "
                        + "and no name for what it returns")
            }
        }
        return Function(
            symbol: symbol, extent: isBatch ? .batch : words ? .word : .row, arguments: arguments,
            returns: type, variable: variable, accepted: accepted)
    }

    private mutating func name(_ value: JSONValue?, _ place: String) throws -> Int {
        let text = try string(value, place)
        let isName =
            text.utf8.allSatisfy {
                $0 == 0x5F || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 >= 0x30 && $0 <= 0x39
            } && !(text.utf8.first.map { $0 >= 0x30 && $0 <= 0x39 } ?? true)
        guard isName, text != "score", !Formula.functions.contains(where: { $0.name == text })
        else { throw wrong(place, value, "a name of letters, digits and _ that means nothing yet") }
        guard !variables.contains(text) else {
            throw Fault(place: place, message: "is \"\(text)\", which is there twice")
        }
        variables.append(text)
        return variables.count - 1
    }

    private mutating func arguments(_ value: JSONValue?, _ place: String) throws -> [Argument] {
        guard let value else { return [] }
        guard let list = value.arrayValue, list.count <= ForeignDescription.mostArguments else {
            throw wrong(
                "\(place).args", value, "at most \(ForeignDescription.mostArguments) arguments")
        }
        let isBatch = list.contains {
            ["data", "offsets", "rows"].contains($0["bind"]?.stringValue)
        }
        var found: [Argument] = []
        for (index, item) in list.enumerated() {
            found.append(try argument(item, "\(place).args[\(index)]", isBatch: isBatch))
        }
        return found
    }

    private mutating func argument(
        _ value: JSONValue, _ place: String, isBatch: Bool
    ) throws -> Argument {
        try onlyKnown(
            value, place, ["bind", "type", "const", "param", "resource", "bytes", "init", "as"])
        let type = try type(value["type"], "\(place).type")
        guard type != .void else {
            throw wrong("\(place).type", value["type"], "a type with a value")
        }
        let origins = ["bind", "const", "param", "resource"].filter { value[$0] != nil }
        guard origins.count == 1 else {
            throw Fault(
                place: place,
                message:
                    "has \(origins.isEmpty ? "no origin" : origins.joined(separator: " and ")), "
                    + "expected one of bind, const, param, resource")
        }
        if origins[0] == "bind" {
            return try bound(value, type, place, isBatch: isBatch)
        }
        return Argument(type: type, origin: try fixed(value, type, place))
    }

    private func fixed(
        _ value: JSONValue, _ type: ForeignType, _ place: String
    ) throws -> Origin {
        if let constant = value["const"] {
            if let text = constant.stringValue, type == .cstr { return .string(text) }
            guard let number = constant.doubleValue, type.isNumber || type == .ptr && number == 0
            else {
                throw wrong(
                    "\(place).const", constant,
                    type == .cstr ? "a string" : type == .ptr ? "0" : "a number")
            }
            guard !type.isNumber || type.number(type.word(number)) == number || type == .f32 else {
                throw wrong("\(place).const", constant, "a number that fits \(type.rawValue)")
            }
            return .number(number)
        }
        if value["resource"] != nil {
            guard type == .cstr else {
                throw wrong("\(place).type", value["type"], "cstr: the path of a file")
            }
            return .resource(try path(value["resource"], "\(place).resource"))
        }
        let name = try string(value["param"], "\(place).param")
        guard let parameter = parameters.first(where: { $0.name == name }) else {
            throw Fault(
                place: "\(place).param",
                message: "is \"\(name)\", expected a property of config: "
                    + parameters.map(\.name).joined(separator: ", "))
        }
        guard parameter.isNumber ? type.isNumber : type == .cstr else {
            throw wrong(
                "\(place).type", value["type"], parameter.isNumber ? "a number's type" : "cstr")
        }
        return .parameter(name)
    }

    private mutating func bound(
        _ value: JSONValue, _ type: ForeignType, _ place: String, isBatch: Bool
    ) throws -> Argument {
        let bind = try string(value["bind"], "\(place).bind")
        func has(_ types: [ForeignType]) throws {
            guard types.contains(type) else {
                throw wrong(
                    "\(place).type", value["type"],
                    types.map(\.rawValue).joined(separator: " or "))
            }
        }
        let sizes: [ForeignType] = [.i32, .u32, .i64, .u64]
        let isOfMany = ["data", "offsets", "rows", "out", "state"].contains(bind)
        if isBatch, !isOfMany {
            throw wrong(
                "\(place).bind", value["bind"],
                "data, offsets, rows, out or state: it is called for many records")
        }
        switch bind {
        case "text.ptr":
            try has([.ptr])
            return Argument(type: type, origin: .textPointer)
        case "text.len":
            try has(sizes)
            return Argument(type: type, origin: .textLength)
        case "text.cstr":
            try has([.cstr])
            return Argument(type: type, origin: .textTerminated)
        case "word.cstr":
            try has([.cstr])
            return Argument(type: type, origin: .wordTerminated)
        case "word.len":
            try has(sizes)
            return Argument(type: type, origin: .wordLength)
        case "state":
            try has([.ptr])
            guard hasState else {
                throw Fault(place: place, message: "is the state, and there is no foreign.init")
            }
            return Argument(type: type, origin: .state)
        case "scratch":
            try has([.ptr])
            return Argument(
                type: type, origin: .scratch(try formula(value["bytes"], "\(place).bytes")))
        case "data":
            try has([.ptr])
            return Argument(type: type, origin: .batchBytes)
        case "offsets":
            try has([.ptr])
            return Argument(type: type, origin: .batchOffsets)
        case "rows":
            try has(sizes)
            return Argument(type: type, origin: .batchCount)
        case "inout", "out":
            try has(ForeignType.allCases.filter(\.isNumber))
            let initial =
                bind == "inout" ? try formula(value["init"], "\(place).init") : nil
            let variable = try name(value["as"], "\(place).as")
            return Argument(
                type: type,
                origin: isBatch
                    ? .batchResults(variable: variable)
                    : .place(initial: initial, variable: variable))
        default:
            throw wrong(
                "\(place).bind", value["bind"],
                "one of text.ptr, text.len, text.cstr, word.cstr, word.len, scratch, inout, out, state, data, offsets, rows"
            )
        }
    }

    // MARK: Rules and tests

    mutating func rule(_ value: JSONValue, _ place: String) throws -> ForeignDescription.Rule {
        try onlyKnown(
            value, place,
            ["when", "code", "title", "severity", "action", "message", "confidence", "help"])
        let name = try string(value["code"], "\(place).code")
        let isKebab = name.utf8.allSatisfy {
            $0 == 0x2D || $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39
        }
        guard isKebab else {
            throw wrong("\(place).code", value["code"], "a name such as low-compression")
        }
        let severity = value["severity"] == nil ? 1 : value["severity"]?.intValue ?? -1
        guard (0...3).contains(severity) else {
            throw wrong("\(place).severity", value["severity"], "0 (info) to 3 (high)")
        }
        let action = value["action"]?.stringValue
        guard value["action"] == nil || action == "review" || action == "drop" else {
            throw wrong("\(place).action", value["action"], "\"review\" or \"drop\"")
        }
        let when = try formula(value["when"], "\(place).when")
        return ForeignDescription.Rule(
            when: when, name: name, severity: severity, action: action,
            message: value["message"]?.stringValue ?? when.text,
            confidence: try formula(value["confidence"] ?? "score", "\(place).confidence"))
    }

    func vector(_ value: JSONValue, _ place: String) throws -> ForeignDescription.Vector {
        try onlyKnown(value, place, ["text", "expect"])
        guard let text = value["text"]?.stringValue else {
            throw wrong("\(place).text", value["text"], "a text")
        }
        guard let members = value["expect"]?.objectValue?.members, !members.isEmpty else {
            throw wrong(
                "\(place).expect", value["expect"], "a range by name, such as {\"score\": [0, 0.1]}"
            )
        }
        var expected: [(variable: Int, range: ClosedRange<Double>)] = []
        for member in members {
            let there = "\(place).expect.\(member.key)"
            guard let variable = variables.firstIndex(of: member.key) else {
                throw Fault(
                    place: there,
                    message: "is not known, expected one of \(variables.joined(separator: ", "))")
            }
            let bounds =
                member.value.doubleValue.map { [$0, $0] }
                ?? (member.value.arrayValue ?? []).compactMap(\.doubleValue)
            guard bounds.count == 2, bounds[0] <= bounds[1] else {
                throw wrong(there, member.value, "a number, or [low, high]")
            }
            expected.append((variable, bounds[0]...bounds[1]))
        }
        return ForeignDescription.Vector(text: text, expected: expected)
    }
}
