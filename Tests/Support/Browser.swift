import Foundation
import Glibc
import HTTP
public import JSONText

/// Headless Chromium, driven over WebDriver (W3C) as a person would: it opens, types, clicks and looks.
public final class Browser {
    /// Whether the programs are there.
    public static let isInstalled =
        FileManager.default.isExecutableFile(atPath: "/usr/bin/chromedriver")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium")

    /// The browser or its driver said no.
    public struct Failure: Error, CustomStringConvertible {
        /// What it said.
        public let description: String
    }

    /// A key without a character (WebDriver's table of keys).
    public enum Key: String {
        case enter = "\u{E007}"
        case escape = "\u{E00C}"
        case tab = "\u{E004}"
        case control = "\u{E009}"
        case left = "\u{E012}"
        case right = "\u{E014}"
    }

    private let process = Process()
    private let folder: TemporaryFolder
    private let address: String
    private var session = ""

    /// Starts a browser of a size in CSS pixels.
    public init(width: Int = 1400, height: Int = 1000, isDark: Bool = false) throws {
        folder = try TemporaryFolder()
        let finder = LoopbackServer { _, _ in .init() }
        let port = finder.port
        finder.stop()
        address = "http://127.0.0.1:\(port)"
        process.executableURL = URL(fileURLWithPath: "/usr/bin/chromedriver")
        process.arguments = ["--port=\(port)", "--log-level=SEVERE"]
        let output = try folder.write("output", "")
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: output)
        try process.run()
        var answers = false
        for _ in 0..<200 where !answers {
            answers = (try? HTTPRequest("GET", address + "/status").send()) != nil
            if !answers { usleep(50_000) }
        }
        var arguments: [JSONValue] = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-dev-shm-usage", "--no-first-run",
            .string("--user-data-dir=\(folder.path("profile"))"),
        ]
        if isDark { arguments.append("--blink-settings=preferredColorScheme=0") }
        let made = try ask(
            "POST", "/session",
            [
                "capabilities": [
                    "alwaysMatch": [
                        "goog:chromeOptions": [
                            "args": .array(arguments), "binary": "/usr/bin/chromium",
                        ],
                        "goog:loggingPrefs": ["browser": "ALL", "performance": "ALL"],
                    ]
                ]
            ])
        session = "/session/\(made["sessionId"]?.stringValue ?? "")"
        try resize(width, height)
        // What the browser shows of itself at first is not the page's.
        try open("about:blank")
        _ = (try requests(), try console())
    }

    deinit {
        _ = try? ask("DELETE", session, nil)
        // A driver may have inherited a mask that holds back every other signal.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private func ask(_ method: String, _ path: String, _ body: JSONValue?) throws -> JSONValue {
        var request = HTTPRequest(method, address + path)
        request.headers = [("Content-Type", "application/json")]
        request.body = body?.bytes ?? []
        request.seconds = 120
        let answer = try request.send()
        let value = try JSONValue(parsing: answer.body)["value"] ?? .null
        guard answer.status == 200 else { throw Failure(description: "\(path): \(value.text)") }
        return value
    }

    private func tell(_ path: String, _ body: JSONValue = [:]) throws -> JSONValue {
        try ask("POST", session + path, body)
    }

    /// Sets the size of the window's inside, by the devices' own measure.
    public func resize(_ width: Int, _ height: Int) throws {
        _ = try tell(
            "/goog/cdp/execute",
            [
                "cmd": "Emulation.setDeviceMetricsOverride",
                "params": [
                    "width": JSONValue(width), "height": JSONValue(height), "deviceScaleFactor": 1,
                    "mobile": .bool(width < 600),
                ],
            ])
    }

    /// Opens an address and waits until it has loaded.
    public func open(_ address: String) throws { _ = try tell("/url", ["url": .string(address)]) }

    /// Runs a function body in the page; what it returns.
    @discardableResult
    public func run(_ script: String) throws -> JSONValue {
        try tell("/execute/sync", ["script": .string(script), "args": []])
    }

    /// The text of the first element of a selector.
    public func text(_ selector: String) throws -> String {
        try run("return document.querySelector('\(selector)')?.textContent ?? ''").stringValue ?? ""
    }

    /// Types keys, one after the other, to whatever has the focus.
    public func type(_ keys: String, holding: Key? = nil) throws {
        var actions: [JSONValue] = []
        if let holding { actions.append(["type": "keyDown", "value": .string(holding.rawValue)]) }
        for key in keys {
            actions.append(["type": "keyDown", "value": .string(String(key))])
            actions.append(["type": "keyUp", "value": .string(String(key))])
        }
        if let holding { actions.append(["type": "keyUp", "value": .string(holding.rawValue)]) }
        _ = try tell(
            "/actions", ["actions": [["type": "key", "id": "keys", "actions": .array(actions)]]])
    }

    /// Presses a key without a character.
    public func press(_ key: Key) throws { try type(key.rawValue) }

    /// Waits until a script returns true; whether it did within some seconds.
    public func waits(_ script: String, seconds: Double = 20) throws -> Bool {
        let end = Date().addingTimeInterval(seconds)
        while Date() < end {
            if try run("return \(script)").boolValue == true { return true }
            usleep(50_000)
        }
        return false
    }

    /// What the page and the browser said on the console since it was last asked.
    public func console() throws -> [String] {
        try entries("browser").map { $0["message"]?.stringValue ?? "" }
    }

    /// Addresses that were asked for since it was last asked.
    public func requests() throws -> [String] {
        try entries("performance").compactMap { entry in
            guard let text = entry["message"]?.stringValue,
                let message = try JSONValue(parsing: text)["message"],
                message["method"] == "Network.requestWillBeSent"
            else { return nil }
            return message["params"]?["request"]?["url"]?.stringValue
        }
    }

    private func entries(_ kind: String) throws -> [JSONValue] {
        try tell("/se/log", ["type": .string(kind)]).arrayValue ?? []
    }

    /// Opens another tab in place of this one, as somebody who closed it by mistake.
    public func reopen() throws {
        let new = try tell("/window/new", ["type": "tab"])
        _ = try ask("DELETE", session + "/window", nil)
        _ = try tell("/window", ["handle": new["handle"] ?? .null])
    }
}
