import NoiseAlgorithm
import Numerics
import Testing

struct PrivacyTests {
    private func found(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var all: [String] = []
        var from = 0
        while let found = PersonalData.next(in: bytes.span, from: from) {
            all.append(
                "\(found.kind) " + String(decoding: bytes[found.span], as: UTF8.self)
                    + (found.score > PersonalData.exampleScore ? "" : " example"))
            from = found.span.upperBound
        }
        return all
    }

    @Test("addresses of people are told from those of offices and of nobody")
    func mail() {
        #expect(
            found("write to greta.lind@northwind.se today")
                == ["mailAddress greta.lind@northwind.se"])
        #expect(found("ends a sentence: bob42@firma.de.") == ["mailAddress bob42@firma.de"])
        for text in [
            "amqp://greta:greta.lind77@queue.northwind.se", "support@northwind.se",
            "jane@example.com", "x@y", "you@gmail.com", "a @ b.com",
            "jon@mail.example.org", "user@host.test", "decorator @property.setter",
        ] {
            #expect(found(text).isEmpty, "\(text)")
        }
        #expect(
            found("info@shop.se or maria.berg@shop.se") == ["mailAddress maria.berg@shop.se"])
    }

    /// A number with the check digit that Luhn's sum asks for.
    private func card(_ payload: String) -> String {
        (0...9).map { payload + "\($0)" }.first { number in
            let digits = number.compactMap(\.wholeNumberValue)
            let sum = digits.reversed().enumerated().reduce(0) { sum, entry in
                let doubled = entry.offset % 2 == 1 ? entry.element * 2 : entry.element
                return sum + doubled / 10 + doubled % 10
            }
            return sum % 10 == 0
        } ?? ""
    }

    @Test("payment cards have an issuer, a length and a check digit")
    func cards() {
        let visa = card("492137756208341")
        let grouped = stride(from: 0, to: 16, by: 4).map { visa.dropFirst($0).prefix(4) }
        #expect(found("card \(visa).") == ["card \(visa)"])
        for mark in [" ", "-"] {
            let text = grouped.joined(separator: mark)
            #expect(found("Card: \(text)\nExpiry: 09/27") == ["card \(text)"])
        }
        let amex = card("37144963539843")
        let form = amex.prefix(4) + " " + amex.dropFirst(4).prefix(6) + " " + amex.dropFirst(10)
        #expect(found("(\(form))") == ["card \(form)"])
        #expect(found("4111 1111 1111 1111") == ["card 4111 1111 1111 1111 example"])
        let wrong = visa.dropLast() + (visa.hasSuffix("3") ? "4" : "3")
        for text in [
            "\(wrong)", "id=\(visa)", "0.\(visa)", "x\(visa)", "\(visa)9", "\(visa).25", visa + "%",
            grouped.joined(separator: "  -"), card("192137756208341"),
            grouped[0] + "-" + grouped[1] + " " + grouped[2] + "-" + grouped[3],
        ] {
            #expect(found(text).isEmpty, "\(text)")
        }
    }

    @Test("bank accounts have their country's length and leave a remainder of one")
    func accounts() {
        #expect(
            found("to IBAN DE89 3704 0044 0532 0130 00, reference 73355")
                == ["bankAccount DE89 3704 0044 0532 0130 00"])
        #expect(found("GB82WEST12345698765432") == ["bankAccount GB82WEST12345698765432"])
        for text in [
            "DE88 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130", "XX89370400440532013000",
            "DE893704004405320130005", "ADE89370400440532013000", "DE89  370400440532013000",
        ] {
            #expect(found(text).isEmpty, "\(text)")
        }
    }

    @Test("numbers of identities are told from dates, sums and examples")
    func identities() {
        #expect(found("SSN 521-38-9074") == ["socialSecurity 521-38-9074"])
        // Worked by hand: the weighted sum of the seventeen digits is 189, of which 2 stays after division by 11.
        #expect(found("身份证号11010519491231002X。") == ["resident 11010519491231002X"])
        for text in [
            "123-45-6789", "666-38-9074", "900-38-9074", "521-00-9074", "521-38-0000",
            "521-38-9074-1", "110105194912310021", "110105194913310025", "2024-03-15 10:22:31",
            "1 000 000 000 000", "3.14159265358979",
        ] {
            #expect(found(text).isEmpty, "\(text)")
        }
    }

    @Test("telephone numbers are those of people")
    func phones() {
        #expect(found("call +49 151 2345 6708 now") == ["phone +49 151 2345 6708"])
        #expect(found("(212) 867-5309") == ["phone (212) 867-5309"])
        #expect(found("212-867-5309 or 212.867.5308").count == 2)
        #expect(found("电话是13876520943，谢谢") == ["phone 13876520943"])
        for text in [
            "1-800-867-5309", "800-867-5309", "(212) 555-0187", "123-456-7890", "+1 555 867 5309",
            "x = 13876520943", "+12", "a+12345678901", "100-200-3000", "212 867 5309",
            "2+1234567890", "ISBN 978-3-16-148410-0", "1234567890123", "00000000000",
        ] {
            #expect(found(text).isEmpty, "\(text)")
        }
    }

    @Test("all of it is taken out, and nothing else changes")
    func takenOut() {
        let text = Array(
            "née: lise.holm@firma.dk, 521-38-9074 und DE89 3704 0044 0532 0130 00 – Ende 12".utf8)
        let kept = PersonalData.takenOut(of: text.span)
        #expect(
            String(decoding: kept, as: UTF8.self)
                == "née: [e-mail address], [social security number] und [bank account] – Ende 12")
        #expect(PersonalData.next(in: kept.span) == nil)
        #expect(PersonalData.takenOut(of: kept.span) == kept)
        var generator = SeededGenerator(seed: 5)
        let signs = Array("0123456789 -.()+@aDE8X年x".utf8)
        for _ in 0..<20_000 {
            let noise = (0..<40).map { _ in signs[Int(generator.next() % UInt64(signs.count))] }
            let kept = PersonalData.takenOut(of: noise.span)
            if PersonalData.next(in: noise.span) == nil { #expect(kept == noise) }
        }
    }

    @Test("keys of well-known forms are found, words that begin like them are not")
    func secrets() {
        func find(_ text: String) -> String? {
            let bytes = Array(text.utf8)
            return TextChecks.secret(bytes.span, holding: ByteInventory(bytes.span)).map {
                String(decoding: bytes[$0.span], as: UTF8.self)
            }
        }
        #expect(find("use AKIAIOSFODNN7EXAMPLE now") == "AKIAIOSFODNN7EXAMPLE")
        let token = "ghp_" + String(repeating: "a1B2", count: 9)
        #expect(find("token=\(token);") == token)
        #expect(find("hf_" + String(repeating: "aB3", count: 11)) != nil)
        #expect(find("-----BEGIN RSA PRIVATE KEY-----") != nil)
        let part = "eyJ" + String(repeating: "aB3_", count: 6)
        #expect(find("Bearer \(part).\(part).\(part)x!") == "\(part).\(part).\(part)x")
        #expect(find("postgres://admin:Xk29-lm4@db.internal.corp:5432/a") == "Xk29-lm4")
        for text in [
            "\(part).\(part)", "\(part).abcdefghijkl.\(part)", "https://example.org/a:b@c",
            "postgres://user:password@db.internal.corp", "redis://admin:${REDIS}@cache.corp",
            "ftp://me:hunter22@localhost/a", "see http://shop.se:8080/list and mail a@b.se",
            "the akiaaaaaaaaaaaaaaaa1 of a small letter", "GHP_" + token.dropFirst(4),
            "a task-oriented risk-assessment of things to do", "hf_short1", "Private key-----",
        ] {
            #expect(find(text) == nil, "\(text)")
        }
    }

    @Test("keys are taken out, of a private key all lines, and nothing else")
    func secretsTakenOut() {
        func rest(_ text: String) -> String {
            let bytes = Array(text.utf8)
            return String(decoding: TextChecks.secretsTakenOut(of: bytes.span), as: UTF8.self)
        }
        let key = "ghp_" + String(repeating: "a1B2", count: 9)
        #expect(rest("use \(key), then \(key).") == "use [SECRET], then [SECRET].")
        let lines = (0..<3).map { _ in String(repeating: "aB3+/x7Z", count: 8) } + ["AQ=="]
        for breaks in ["\n", "\\n"] {
            let block =
                (["-----BEGIN RSA PRIVATE KEY-----"] + lines + ["-----END RSA PRIVATE KEY-----"])
                .joined(separator: breaks)
            #expect(rest("Here: \(block)\nKeep it.") == "Here: [SECRET]\nKeep it.")
            let open = (["-----BEGIN PRIVATE KEY-----"] + lines.dropLast()).joined(
                separator: breaks)
            #expect(
                rest("Here: \(open) and so on, as it was.")
                    == "Here: [SECRET] and so on, as it was.")
        }
        // Prose about a key has none.
        let prose =
            "It starts with -----BEGIN RSA PRIVATE KEY----- on its first line and then comes what you need"
        #expect(rest(prose) == prose)
        let dash = "sk-" + String(repeating: "a1B2", count: 6) + "-"
        #expect(
            rest("Use \(dash) as the value and then go on")
                == "Use [SECRET] as the value and then go on")
        #expect(rest("sk-learn is no key") == "sk-learn is no key")
        #expect(rest("") == "")
    }
}
