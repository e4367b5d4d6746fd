namespace Mlx.Showing

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression
open System.IO.Hashing

/// Small pictures: PNG files of numbers as colours.
module internal Picture =
    /// Dark blue to yellow, even in lightness (matplotlib's viridis), at equal distances.
    let private anchors =
        [| 68, 1, 84
           72, 40, 120
           62, 74, 137
           49, 104, 142
           38, 130, 142
           31, 158, 137
           53, 183, 121
           110, 206, 88
           181, 222, 43
           253, 231, 37 |]

    /// The colour of a share between 0 and 1; grey for what is no number.
    let private colour (share: float) =
        if Double.IsNaN share then
            [| 160uy; 160uy; 160uy |]
        else
            let place = Math.Clamp(share, 0.0, 1.0) * float (anchors.Length - 1)
            let low = min (int place) (anchors.Length - 2)
            let r1, g1, b1 = anchors[low]
            let r2, g2, b2 = anchors[low + 1]
            let mix a b = byte (Math.Round(float a + (float b - float a) * (place - float low)))
            [| mix r1 r2; mix g1 g2; mix b1 b2 |]

    let private chunk (out: Stream) (kind: string) (data: byte[]) =
        let number (value: uint32) =
            let bytes: byte[] = Array.zeroCreate 4
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(), value)
            out.Write(bytes, 0, 4)

        let body = Array.append (Text.Encoding.ASCII.GetBytes kind) data
        number (uint32 data.Length)
        out.Write(body, 0, body.Length)
        number (Crc32.HashToUInt32 body)

    let private header width height =
        let data: byte[] = Array.zeroCreate 13
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(0, 4), width)
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4, 4), height)
        data[8] <- 8uy // bits a channel
        data[9] <- 2uy // red, green, blue
        data

    /// A PNG file of rows of shares between 0 and 1, each a square of so many pixels.
    let png (pixels: int) (shares: float[,]) : byte[] =
        let rows, columns = Array2D.length1 shares, Array2D.length2 shares
        use raw = new MemoryStream()

        for row in 0 .. rows - 1 do
            let line =
                [| yield 0uy // no filter
                   for column in 0 .. columns - 1 do
                       let colour = colour shares[row, column]

                       for _ in 1..pixels do
                           yield! colour |]

            for _ in 1..pixels do
                raw.Write(line, 0, line.Length)

        use packed = new MemoryStream()

        do
            use zip = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen = true)
            raw.WriteTo zip

        use file = new MemoryStream()
        let signature = [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]
        file.Write(signature, 0, signature.Length)
        chunk file "IHDR" (header (columns * pixels) (rows * pixels))
        chunk file "IDAT" (packed.ToArray())
        chunk file "IEND" [||]
        file.ToArray()
