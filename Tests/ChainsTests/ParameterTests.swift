import Parameters
import Testing

@Suite struct ParameterTests {
    @Test("a text becomes the value it stands for")
    func values() throws {
        #expect(try Parameter("x", .bool).value(of: "yes") == .bool(true))
        #expect(try Parameter("x", .float, range: 0...4).value(of: "2.5") == .float(2.5))
        #expect(try Parameter("x", .color).value(of: "#ff8000") == .color([1, 128 / 255, 0, 1]))
        #expect(try Parameter("x", .numbers).value(of: "1,2.5,-3") == .numbers([1, 2.5, -3]))
        #expect(try Parameter("x", .choice, choices: ["a", "b"]).value(of: "b") == .string("b"))
    }

    @Test(
        "what does not fit is refused with what would",
        arguments: [
            (Parameter("x", .int, range: 1...16), "99", "a whole number from 1 to 16"),
            (Parameter("x", .int, range: 1...16), "1.5", "a whole number from 1 to 16"),
            (Parameter("x", .float, range: 0...1e9), "-1", "a number of at least 0"),
            (Parameter("x", .float), "nan", "a number"),
            (Parameter("x", .bool), "maybe", "yes or no"),
            (Parameter("x", .color), "#12345", "a colour such as #ff8000"),
            (Parameter("x", .choice, choices: ["d0", "d90", "d180"]), "d8", "d0, d90 or d180"),
        ]
    )
    func refusals(parameter: Parameter, text: String, expected: String) {
        let error = #expect(throws: ParameterError.self) { try parameter.value(of: text) }
        #expect(error?.expected == expected)
        #expect(error?.found == "\"\(text)\"")
    }

    @Test("the nearest word is suggested, a far one is not")
    func spelling() {
        let names = ["sharpen", "smartcrop", "resize", "rot"]
        #expect(nearest("sharpn", among: names) == "sharpen")
        #expect(nearest("rezise", among: names) == "resize")
        #expect(nearest("colorize", among: names) == nil)
        #expect(editDistance("abcd", "acbd") == 1)
        #expect(editDistance("", "abc") == 3)
    }
}
