import Foundation
import Support
import Synchronization
import Tensors
import Testing
import TrainingData
import Vips

/// What a reader warned of.
private final class Warnings: Sendable {
    private let list = Mutex<[String]>([])

    func add(_ text: String) { list.withLock { $0.append(text) } }
    var all: [String] { list.withLock { $0 } }
}

@Suite struct SourceTests {
    @Test("every kind of picture arrives upright in sRGB of 8 bits")
    func kinds() throws {
        let folder = try TemporaryFolder()
        try folder.picture("a-grey.png", [100])
        try folder.picture("b-color.png", [10, 20, 30])
        let deep = (0..<48).flatMap { _ in [0x00, 0x10, 0x00, 0x80, 0xFF, 0xFF] as [UInt8] }
        try folder.picture(
            "c-deep.png",
            deep,
            width: 8,
            height: 6,
            bands: 3,
            format: .u16,
            interpretation: "rgb16"
        )
        try folder.picture("d-alpha.png", [200, 0, 0, 0])
        try folder.picture("e-half.png", [0, 0, 0, 51])
        try folder.picture("f-cmyk.tif", [0, 0, 0, 0], interpretation: "cmyk")
        try folder.picture("g-grey-alpha.png", [80, 255])
        try folder.picture("h/turned.jpg", [90, 90, 90], orientation: 6)
        let pictures = try PictureFolder(folder.url.path)
        #expect(pictures.count == 8)
        func first(_ index: Int) throws -> [UInt8] {
            let picture = try pictures.picture(index)
            #expect(picture.bands == 3)
            if index < 7 { #expect(picture.size == Size(width: 8, height: 6)) }
            return Array(picture.samples[0..<3])
        }
        #expect(try first(0) == [100, 100, 100])
        #expect(try first(1) == [10, 20, 30])
        #expect(try first(2) == [0x10, 0x80, 0xFF])
        #expect(try first(3) == [255, 255, 255])
        #expect(try first(4) == [204, 204, 204])
        // White paper; how white depends on the profile that stands for a press.
        #expect(try first(5).allSatisfy { $0 >= 250 })
        #expect(try first(6) == [80, 80, 80])
        #expect(try pictures.picture(7).size == Size(width: 6, height: 8))
        #expect(pictures[5..<8].count == 3)
        #expect(try pictures[5..<8].picture(1) == pictures.picture(6))
    }

    @Test("colours come by the picture's own profile, unless it does not fit")
    func profiles() throws {
        let folder = try TemporaryFolder()
        let color: [UInt8] = [200, 100, 50]
        try folder.picture("srgb.tif", color)
        let plain = try Image.open(folder.path("srgb.tif"), sequentially: false)
        let arguments: [String: OperationArgument] = [
            "output-profile": .string("p3"), "input-profile": .string("srgb"),
        ]
        let wide = try plain.operation("icc_transform", arguments)
        try wide.write(to: folder.path("wide.tif"))
        let raw = try wide.bytes()
        #expect(abs(Int(raw[0]) - 200) > 5)
        let deep = try plain.operation(
            "icc_transform",
            arguments.merging(["depth": .int(16)]) { $1 }
        )
        let opaque = try deep.operation("bandjoin_const", ["c": .doubles([65535])])
        try opaque.interpreted(as: "rgb16").write(to: folder.path("deep.tif"))
        // A profile of three channels on a picture of one.
        try folder.picture("grey.tif", [77])
        let grey = try Image.open(folder.path("grey.tif"), sequentially: false)
        try grey.takingFields(from: wide, prefix: "icc-profile").write(to: folder.path("odd.tif"))

        func first(_ name: String) throws -> [Int] {
            let own = try TemporaryFolder()
            try FileManager.default.copyItem(atPath: folder.path(name), toPath: own.path(name))
            return try PictureFolder(own.url.path).picture(0).samples.prefix(3).map { Int($0) }
        }
        for name in ["srgb.tif", "wide.tif", "deep.tif"] {
            let found = try first(name)
            #expect(zip(found, color).allSatisfy { abs($0 - Int($1)) <= 2 }, "\(name): \(found)")
        }
        #expect(try first("odd.tif") == [77, 77, 77])
    }

    @Test("a turned picture is turned as its orientation says")
    func orientation() throws {
        let folder = try TemporaryFolder()
        // A quarter turn clockwise brings the left column to the top row.
        try folder.picture(
            "a.tif",
            [1, 2, 3, 4, 5, 6],
            width: 3,
            height: 2,
            bands: 1,
            orientation: 6
        )
        let picture = try PictureFolder(folder.url.path).picture(0)
        let grey = stride(from: 0, to: 18, by: 3).map { picture.samples[$0] }
        #expect(grey == [4, 1, 5, 2, 6, 3])
    }

    @Test("folders are read with the folders in them, sorted, hidden and other files left out")
    func listing() throws {
        let folder = try TemporaryFolder()
        for (index, name) in ["b.png", "a/z.PNG", "a/b/c.png", "c.jpg"].enumerated() {
            try folder.picture(name, [UInt8(index * 40)])
        }
        for name in [".hidden.png", "notes.txt", "data.csv"] { try folder.bytes(name, [1, 2]) }
        let pictures = try PictureFolder(folder.url.path)
        #expect(pictures.count == 4)
        let order = try (0..<4).map { try pictures.picture($0).samples[0] }
        #expect(order == [80, 40, 0, 120])
    }

    @Test("a damaged picture is left out with a warning, once")
    func damage() throws {
        let folder = try TemporaryFolder()
        var random = SeededRandom(1)
        for index in 0..<4 {
            var samples = (0..<4096).map { _ in UInt8(random.int(0...255)) }
            samples[0] = UInt8(50 * index)
            try folder.picture("\(index).png", samples, width: 64, height: 64, bands: 1)
        }
        try folder.bytes("0.png", [1, 2, 3])
        let whole = [UInt8](try Data(contentsOf: URL(filePath: folder.path("2.png"))))
        // The head is sound, the pixels are not there.
        try folder.bytes("2.png", Array(whole.prefix(2000)))
        let warnings = Warnings()
        let reader = PictureReader(warn: warnings.add)
        let pictures = try PictureFolder(folder.url.path, reader: reader)
        #expect(pictures.count == 3)
        for _ in 0..<2 {
            let shades = try (0..<3).map { try pictures.picture($0).samples[0] }
            #expect(shades == [50, 150, 150])
        }
        #expect(reader.skippedCount == 2 && warnings.all.count == 2)
        #expect(warnings.all[0].hasPrefix("\(folder.path("0.png")): expected a picture, found a "))
        #expect(warnings.all[1].hasPrefix("\(folder.path("2.png")): expected a picture, found a "))
        #expect(warnings.all.allSatisfy { $0.hasSuffix("; it is left out") })
    }

    @Test("what cannot be used is said in one sentence that names the file")
    func errors() throws {
        let folder = try TemporaryFolder()
        let root = folder.url.path
        func expect(_ text: String, _ body: () throws -> Void) {
            let error = #expect(throws: DataError.self) { try body() }
            #expect(error?.description == text)
        }
        expect("\(root)/none: expected a folder, found none of that name") {
            _ = try PictureFolder(root + "/none")
        }
        expect("\(root): expected a folder of pictures, found none in it") {
            _ = try PictureFolder(root)
        }
        expect("\(root): expected trainA and trainB in it, found no such folders") {
            _ = try TwoDomains(root)
        }
        expect("\(root): expected a folder for each label in it, found no such folders") {
            _ = try LabelledPictures(root)
        }
        try folder.picture("a/1.png", [0], width: 9, height: 20)
        expect("\(root)/a/1.png: expected at least 16 × 16 pixels, found 9 × 20") {
            _ = try PictureFolder(root, smallest: 16)
        }
        expect(
            "\(root)/a/1.png: expected two pictures side by side, found an odd width of 9 pixels"
        ) { _ = try PicturePairs(sideBySide: root) }
        try folder.picture("b/2.png", [0])
        expect("\(root)/a/1.png: expected a picture of the same name in \(root)/b, found none") {
            _ = try PicturePairs(inputs: root + "/a", targets: root + "/b")
        }
        expect("\(root)/a/1.png: expected a picture of the same name in \(root)/b, found none") {
            _ = try MaskedPictures(root + "/a", masks: root + "/b")
        }
        try folder.picture("a/2.png", [0])
        try folder.picture("b/1.jpg", [0], width: 9, height: 19)
        expect("\(root)/b/1.jpg: expected 9 × 20 pixels as in \(root)/a/1.png, found 9 × 19") {
            _ = try PicturePairs(inputs: root + "/a", targets: root + "/b")
        }
        try folder.bytes("c/1.png", [0])
        expect("\(root)/c/1.png: expected a picture that can be decoded, found none among 1") {
            _ = try PictureFolder(root + "/c")
        }
    }

    @Test("pairs lie side by side or in two folders")
    func pairs() throws {
        let folder = try TemporaryFolder()
        try folder.picture(
            "both/1.png",
            [1, 2, 3, 4, 5, 6, 7, 8],
            width: 4,
            height: 2,
            bands: 1
        )
        func grey(_ picture: Picture) -> [UInt8] {
            stride(from: 0, to: picture.samples.count, by: 3).map { picture.samples[$0] }
        }
        let pair = try PicturePairs(sideBySide: folder.path("both")).pair(0)
        #expect(grey(pair.input) == [1, 2, 5, 6] && grey(pair.target) == [3, 4, 7, 8])
        let turned = try PicturePairs(sideBySide: folder.path("both"), inputIsLeft: false).pair(0)
        #expect(turned.input == pair.target && turned.target == pair.input)

        for name in ["2", "10", "x/1"] {
            try folder.picture("in/\(name).png", [UInt8(name.count)])
            try folder.picture("out/\(name).tif", [UInt8(100 + name.count)])
        }
        let files = try PicturePairs(inputs: folder.path("in"), targets: folder.path("out"))
        #expect(files.count == 3)
        for index in 0..<3 {
            let pair = try files.pair(index)
            #expect(pair.target.samples[0] == pair.input.samples[0] + 100)
        }
    }

    @Test("a data set of pairs is two folders or pictures side by side", arguments: [true, false])
    func dataSets(inputIsA: Bool) throws {
        let folder = try TemporaryFolder()
        try folder.picture("files/A/1.png", [1])
        try folder.picture("files/b/1.tif", [2])
        try folder.picture("halves/1.png", [1, 2], width: 2, height: 1, bands: 1)
        for name in ["files", "halves"] {
            let pair = try PicturePairs(dataSet: folder.path(name), inputIsA: inputIsA).pair(0)
            let found = [pair.input.samples[0], pair.target.samples[0]]
            #expect(found == (inputIsA ? [1, 2] : [2, 1]), "\(name)")
        }
        try FileManager.default.removeItem(atPath: folder.path("files/b"))
        let error = #expect(throws: DataError.self) {
            try PicturePairs(dataSet: folder.path("files"))
        }
        let text =
            "\(folder.path("files")): expected the folders a and b in it, found no such folders"
        #expect(error?.description == text)
    }

    @Test("both pictures of a pair are cut and mirrored alike", arguments: [nil, 8] as [Int?])
    func cuts(jitter: Int?) throws {
        var random = SeededRandom(1)
        let samples = (0..<(40 * 48)).map { _ in UInt8(random.int(0...255)) }
        let input = Picture(size: Size(width: 48, height: 40), bands: 1, samples: samples)
        let target = Picture(size: input.size, bands: 1, samples: samples.map { 255 - $0 })
        let cut = PairCut(side: 16, jitter: jitter, isMirrored: true)
        var draws = RandomNumbers(seed: 1, name: "cuts")
        var seen: [Tensor] = []
        for _ in 0..<6 {
            let (a, b) = cut.random((input, target), &draws)
            #expect(a.shape == [1, 16, 16] && !seen.contains(a))
            let sums = zip(a.array(of: Float.self), b.array(of: Float.self)).map(+)
            // Cubic interpolation overshoots, and what is over is cut off.
            let share = sums.count { abs($0 - 1) < 0.005 }
            #expect(jitter == nil ? share == 256 : share > 180)
            seen.append(a)
        }
        let center = cut.center((input, target)).input
        if jitter == nil {
            #expect(center == input.tensor(Crop(left: 16, top: 12, width: 16, height: 16)))
        } else {
            let whole = input.tensor(Crop(left: 4, top: 0, width: 40, height: 40))
            #expect(center == whole.resized(to: Size(width: 16, height: 16)).roundedToBytes)
        }
    }

    @Test("half of the pairs are mirrored, if any", arguments: [true, false])
    func mirrors(isMirrored: Bool) {
        let pair = Picture(size: Size(width: 2, height: 2), bands: 1, samples: [0, 255, 0, 255])
        let cut = PairCut(side: 2, jitter: nil, isMirrored: isMirrored)
        var draws = RandomNumbers(seed: 2, name: "cuts")
        let cuts = (0..<40).map { _ in cut.random((pair, pair), &draws) }
        let mirrored = cuts.filter { $0.input.array(of: Float.self) == [1, 0, 1, 0] }
        #expect(cuts.allSatisfy { $0.input == $0.target })
        #expect(isMirrored ? (10...30).contains(mirrored.count) : mirrored.isEmpty)
    }

    @Test("a pair with one damaged half is left out as a whole")
    func damagedPairs() throws {
        let folder = try TemporaryFolder()
        for name in ["1", "2"] {
            try folder.picture("in/\(name).png", [UInt8(name)!])
            try folder.picture("out/\(name).png", [UInt8(name)!])
        }
        try folder.bytes("out/1.png", [0])
        let pairs = try PicturePairs(inputs: folder.path("in"), targets: folder.path("out"))
        #expect(pairs.count == 1)
        #expect(try pairs.pair(0).input.samples[0] == 2)
    }

    @Test("domains, labels and masks are found by the names of folders")
    func folders() throws {
        let folder = try TemporaryFolder()
        for (index, name) in ["trainA/1", "trainA/2", "trainb/1", "testA/1", "testB/1"].enumerated()
        {
            try folder.picture("two/\(name).png", [UInt8(index * 10)])
        }
        let train = try TwoDomains(folder.path("two"))
        #expect(train.a.count == 2 && train.b.count == 1)
        #expect(try train.b.picture(0).samples[0] == 20)
        #expect(try TwoDomains(folder.path("two"), split: .test).b.picture(0).samples[0] == 40)

        for (index, name) in ["cat/a", "cat/b", "dog/x/c"].enumerated() {
            try folder.picture("labels/\(name).png", [UInt8(index)])
        }
        let labelled = try LabelledPictures(folder.path("labels"))
        #expect(labelled.names == ["cat", "dog"])
        #expect(try (0..<3).map { try labelled.picture($0).label } == [0, 0, 1])

        try folder.picture("photos/a.jpg", [9, 9, 9])
        try folder.picture("masks/a.png", [255, 255, 255])
        let masked = try MaskedPictures(folder.path("photos"), masks: folder.path("masks"))
        let found = try masked.picture(0)
        #expect(found.picture.bands == 3 && found.mask.bands == 1)
        #expect(found.mask.hole == Tensor(shape: [1, 6, 8], repeating: 1 as Float))
    }

    @Test("pictures are kept as long as there is room")
    func budget() throws {
        let folder = try TemporaryFolder()
        for index in 0..<5 { try folder.picture("\(index).png", [UInt8(index)]) }
        // Each takes 8 · 6 · 3 bytes.
        let reader = PictureReader(budgetInBytes: 3 * 144 + 143)
        let pictures = try PictureFolder(folder.url.path, reader: reader)
        for _ in 0..<2 {
            for index in 0..<5 { #expect(try pictures.picture(index).samples[0] == UInt8(index)) }
        }
        #expect(reader.keptCount == 3)
        try FileManager.default.removeItem(atPath: folder.path("0.png"))
        #expect(try pictures.picture(0).samples[0] == 0)
    }

    @Test("IDX files of grey and of colour are read; others are named")
    func digits() throws {
        let folder = try TemporaryFolder()
        try folder.bytes(
            "grey",
            [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + (0..<12).map { UInt8($0) }
        )
        try folder.bytes(
            "color",
            [0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3] + [1, 2, 3, 4, 5, 6]
        )
        try folder.bytes("labels", [0, 0, 8, 1, 0, 0, 0, 2, 7, 4])
        let grey = try DigitFile(pictures: folder.path("grey"), labels: folder.path("labels"))
        #expect(grey.count == 2 && grey.size == Size(width: 3, height: 2))
        #expect(grey.picture(1).picture.samples == [6, 7, 8, 9, 10, 11])
        #expect(grey.picture(1).label == 4)
        let color = try DigitFile(pictures: folder.path("color"), labels: folder.path("labels"))
        #expect(color.picture(1).picture.samples == [4, 5, 6] && color.bands == 3)

        func expect(_ pictures: String, _ labels: String, _ text: String) {
            let error = #expect(throws: DataError.self) {
                try DigitFile(pictures: folder.path(pictures), labels: folder.path(labels))
            }
            #expect(error?.description == "\(folder.url.path)/\(text)")
        }
        try folder.bytes("packed", [0x1F, 0x8B, 8, 0])
        try folder.bytes("short", [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1])
        try folder.bytes("three", [0, 0, 8, 1, 0, 0, 0, 3, 7, 4, 1])
        let wanted = "expected an IDX file of bytes, found"
        expect("none", "labels", "none: \(wanted) a file that cannot be read")
        expect("packed", "labels", "packed: \(wanted) a gzip file, to be unpacked first")
        expect("short", "labels", "short: \(wanted) 1 bytes for 2 × 2 × 3")
        expect("labels", "labels", "labels: \(wanted) 1 dimensions")
        try folder.bytes("nothing", [0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3])
        expect("nothing", "labels", "nothing: \(wanted) nothing in it")
        expect("grey", "three", "three: expected 2 labels, one for each picture, found 3")
    }

    @Test("crops and halves of a picture, worked by hand")
    func crops() {
        let picture = Picture(
            size: Size(width: 3, height: 2),
            bands: 2,
            samples: [0, 255, 51, 102, 153, 204, 1, 2, 3, 4, 5, 6]
        )
        let crop = picture.tensor(Crop(left: 1, top: 0, width: 2, height: 1))
        #expect(crop.shape == [2, 1, 2])
        #expect(crop.array(of: Float.self) == [51, 153, 102, 204].map { Float($0) / 255 })
        #expect(Picture(picture.tensor) == picture)
        let four = Picture(size: Size(width: 2, height: 2), bands: 1, samples: [1, 2, 3, 5])
        #expect(four.halved.samples == [3])
    }
}
