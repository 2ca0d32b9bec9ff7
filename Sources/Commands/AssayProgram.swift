import ArgumentParser
import BatchStore
import Features
import Glibc
import Planning
import PluginHost
import Reading
import Review

/// Runs the command line and turns errors into `error:` and `help:` lines.
public enum AssayProgram {
    /// Never returns.
    ///
    /// Exit codes: 0 done; 1 a gate failed; 2 could not do the job; 3 a plugin failed.
    public static func main() -> Never {
        do {
            var command = try Assay.parseAsRoot()
            try command.run()
            exit(0)
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch let error as ReadingError {
            fail("\(error)", help: error.help)
        } catch let error as FeatureError {
            fail("\(error)", help: error.help)
        } catch let error as PlanningError {
            fail("\(error)", help: error.help)
        } catch let error as PluginError {
            fail("\(error)", help: error.help)
        } catch let error as ReviewError {
            fail("\(error)", help: error.help)
        } catch let error as BatchStoreError {
            fail("\(error)", help: error.help)
        } catch let error as UsageError {
            fail(error.reason, help: error.help)
        } catch {
            let code = Assay.exitCode(for: error)
            if code == .success {
                print(Assay.fullMessage(for: error))
                exit(0)
            }
            let message = Assay.message(for: error)
            fail(
                message.isEmpty ? "\(error)" : message,
                help: "assay --help shows the commands and options")
        }
    }

    private static func fail(_ reason: String, help: String) -> Never {
        Diagnostics.line("error: \(reason)")
        Diagnostics.line("help: \(help)")
        exit(2)
    }
}

/// Something wrong with what the user asked for.
struct UsageError: Error {
    let reason: String
    let help: String

    init(_ reason: String, help: String) {
        self.reason = reason
        self.help = help
    }
}

/// Lines for people, on standard error.
enum Diagnostics {
    /// A line of text.
    ///
    /// Without control characters: what files and plugins are called is not for the terminal to act upon.
    static func line(_ text: String) {
        let plain = text.unicodeScalars.map { scalar -> Character in
            (scalar.value < 0x20 && scalar != "\n" && scalar != "\t")
                || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : Character(scalar)
        }
        write(String(plain) + "\n")
    }

    /// Text without a line end, for progress that is painted over.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(2, bytes, bytes.count)
    }
}
