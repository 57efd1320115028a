import Foundation
import Support
import Tensors
import Testing
import TrainingData

/// Items that say their number and draw a random one.
private func numbered(_ count: Int) -> Items {
    Items(count: count) { (index, random) in
        [
            "number": .plain(Tensor(Int64(index))),
            "random": .picture(random.uniform([1, 2, 2], in: 0...1)),
        ]
    }
}

@Suite struct LoaderTests {
    private func batches(_ loader: Loader, _ count: Int) throws -> [Batch] {
        try (0..<count).map { _ in try loader.next() }
    }

    @Test("batches do not depend on threads or on how far ahead they are made")
    func threads() throws {
        let items = numbered(23)
        let wanted = try batches(Loader(items, batchSize: 4, seed: 1), 20)
        for threads in [2, 5] {
            let loader = Loader(items, batchSize: 4, seed: 1, ahead: 7, threads: threads)
            #expect(try batches(loader, 20) == wanted, "seed 1, \(threads) threads")
        }
        let other = try batches(Loader(items, batchSize: 4, seed: 2), 20)
        #expect(other != wanted)
        let named = try batches(Loader(items, batchSize: 4, seed: 1, name: "test"), 20)
        #expect(named != wanted)
    }

    @Test("a loader goes on where another stopped", arguments: [0, 1, 7, 100])
    func resuming(number: Int) throws {
        let items = numbered(10)
        let whole = Loader(items, batchSize: 3, seed: 4)
        _ = try batches(whole, number)
        #expect(whole.nextNumber == number)
        let later = Loader(items, batchSize: 3, seed: 4, start: whole.nextNumber)
        #expect(try batches(later, 9) == batches(whole, 9), "seed 4")
    }

    @Test("every epoch has all items once, each epoch in an order of its own")
    func epochs() throws {
        let loader = Loader(numbered(12), batchSize: 5, seed: 5)
        let numbers = try batches(loader, 12).flatMap { $0["number"].integers }
        let epochs = stride(from: 0, to: 60, by: 12).map { Array(numbers[$0..<($0 + 12)]) }
        #expect(epochs.allSatisfy { $0.sorted() == Array(0..<12) })
        #expect(Set(epochs).count == 5)
        let plain = Loader(numbered(4), batchSize: 3, seed: 5, isShuffled: false)
        #expect(
            try batches(plain, 3).flatMap { $0["number"].integers } == [0, 1, 2, 3, 0, 1, 2, 3, 0]
        )
    }

    @Test("an item that comes again has new random numbers")
    func repetition() throws {
        let loader = Loader(numbered(1), batchSize: 1, seed: 6)
        let batches = try batches(loader, 2)
        #expect(batches[0]["number"] == batches[1]["number"])
        #expect(batches[0]["random"] != batches[1]["random"])
    }

    @Test("pictures are brought to the range asked for, the rest stays")
    func ranges() throws {
        let items = Items(count: 2) { (index, _) in
            [
                "picture": .picture(Tensor(shape: [1, 1, 2], values: [0, 1] as [Float])),
                "mask": .plain(Tensor(shape: [1, 1, 2], values: [0, 1] as [Float])),
            ]
        }
        let batch = try Loader(items, batchSize: 2, seed: 1, range: .signed).next()
        #expect(
            batch["picture"] == Tensor(shape: [2, 1, 1, 2], values: [-1, 1, -1, 1] as [Float])
        )
        #expect(batch["mask"] == Tensor(shape: [2, 1, 1, 2], values: [0, 1, 0, 1] as [Float]))
        #expect(PixelRange.signed.decoded(batch["picture"]) == batch["mask"])
    }

    @Test("batches of chosen items repeat")
    func evaluation() throws {
        let items = numbered(9)
        let random = RandomNumbers(seed: 1, name: "evaluation")
        let batch = try items.batch(3..<6, random)
        #expect(batch["number"].integers == [3, 4, 5])
        #expect(try items.batch(3..<6, random) == batch)
        #expect(try items.batch([5, 3], random)["number"].integers == [5, 3])
    }

    @Test("an error in making an item is thrown when its batch is taken, and again")
    func errors() throws {
        let items = Items(count: 8) { (index, _) throws(DataError) in
            if index == 5 { throw DataError.noFolder("x") }
            return ["number": .plain(Tensor(Int64(index)))]
        }
        let loader = Loader(items, batchSize: 2, seed: 1, isShuffled: false, threads: 2)
        #expect(try batches(loader, 2).count == 2)
        for _ in 0..<2 {
            #expect(throws: DataError.noFolder("x")) { try loader.next() }
        }
        #expect(loader.nextNumber == 2)
    }

    @Test("pictures of a folder are decoded on the loader's threads")
    func folders() throws {
        let folder = try TemporaryFolder()
        for index in 0..<6 {
            try folder.picture("\(index).png", [UInt8(index), 0, 0], width: 20, height: 16)
        }
        let pictures = try PictureFolder(folder.url.path, smallest: 16)
        let items = Items(count: pictures.count) { (index, random) throws(DataError) in
            let picture = try pictures.picture(index)
            let crop = Crop.random(16, in: picture.size, &random)
            return ["photo": .picture(picture.tensor(crop))]
        }
        let loader = Loader(items, batchSize: 6, seed: 1, threads: 3)
        let batch = try loader.next()
        #expect(batch["photo"].shape == [6, 3, 16, 16])
        let reds = (0..<6).map { batch["photo"].array(of: Float.self)[$0 * 3 * 256] * 255 }
        #expect(reds.map { Int($0.rounded()) }.sorted() == Array(0..<6))
    }

    @Test("what passes through files in memory is the same on any number of threads")
    func compression() throws {
        let photos = SyntheticPhotos(count: 8, side: 40, seed: 7)
        let items = Items(count: 8) { (index, random) throws(DataError) in
            let small = try PhotoHistory(scale: 2).apply(to: photos.picture(index), &random)
            let damaged = Corruption.random(&random).apply(to: small, &random)
            return ["damaged": .picture(damaged.corrupted), "mask": .plain(damaged.mask)]
        }
        let wanted = try batches(Loader(items, batchSize: 3, seed: 7), 8)
        let found = try batches(Loader(items, batchSize: 3, seed: 7, ahead: 6, threads: 4), 8)
        #expect(found == wanted, "seed 7")
    }
}
