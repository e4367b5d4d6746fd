namespace Mlx

open System
open System.Globalization
open System.IO
open nietras.SeparatedValues

/// <summary>A table of texts, as a CSV file holds it.</summary>
type CsvTable =
    {
        /// The file it came from.
        File: string
        /// The names in the first line.
        Header: string[]
        /// The fields of each record, as many as there are names.
        Rows: string[][]
        /// The line on which each record begins, from 1.
        Lines: int[]
    }

/// <summary>
/// Comma-separated values (RFC 4180): a first line of names, then records; fields may be quoted and
/// hold commas, line ends and doubled quotes.
/// </summary>
[<RequireQualifiedAccess>]
module Csv =
    let private fail file line column problem =
        raise (DataFileException(file, line, column, problem))

    /// A field without its quotes.
    let private unquoted file line column (raw: string) =
        if not (raw.Contains '"') then
            raw
        else
            let inner = if raw.Length >= 2 then raw.Substring(1, raw.Length - 2) else ""
            let text = inner.Replace("\"\"", "")

            if not (raw.StartsWith '"') || not (raw.EndsWith '"') || raw.Length < 2 then
                fail file line column $"the quotes do not enclose the field: {raw}"
            elif text.Contains '"' then
                fail file line column $"a quote within a quoted field is doubled: {raw}"
            else
                inner.Replace("\"\"", "\"")

    /// <summary>Reads a table, with another separator than a comma where one is given.</summary>
    /// <exception cref="T:Mlx.DataFileException">The file is malformed: a record of another length,
    /// quotes that do not fit, no names, a name twice. Says line and field.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    /// <example><code>
    /// let table = Csv.loadWith ';' "umsatz.csv"
    /// printfn "%A, %d records" table.Header table.Rows.Length
    /// </code></example>
    let loadWith (separator: char) (path: string) : CsvTable =
        let options =
            SepReaderOptions(
                Nullable(Sep separator),
                HasHeader = false,
                Unescape = false,
                DisableColCountCheck = true
            )

        // TextFile.read refuses what is no UTF-8.
        use reader = SepReaderExtensions.FromText(&options, TextFile.read path)
        let rows, lines = ResizeArray<string[]>(), ResizeArray<int>()

        while reader.MoveNext() do
            let row = reader.Current
            // The reader does not count the line of its first record.
            let line = if rows.Count = 0 then 1 else row.LineNumberFrom

            let fields = Array.init row.ColCount (fun _ -> "")

            for i in 0 .. fields.Length - 1 do
                fields[i] <- unquoted path line (i + 1) (row[i].ToString())

            rows.Add fields
            lines.Add line

        if rows.Count = 0 then
            fail path 1 1 "there is no line with the names of the columns"

        let header = rows[0]

        header
        |> Array.iteri (fun i name ->
            if Array.IndexOf(header, name) < i then
                fail path lines[0] (i + 1) $"the name '{name}' is there twice")

        for i in 1 .. rows.Count - 1 do
            let found = rows[i].Length

            if found <> header.Length then
                fail
                    path
                    lines[i]
                    (min found header.Length + 1)
                    $"the record has {found} fields, the first line {header.Length}"

        { File = path
          Header = header
          Rows = rows.GetRange(1, rows.Count - 1).ToArray()
          Lines = lines.GetRange(1, lines.Count - 1).ToArray() }

    /// <summary>Reads a table.</summary>
    /// <exception cref="T:Mlx.DataFileException">The file is malformed; says line and
    /// field.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    /// <example><code>
    /// let table = Csv.load "iris.csv"
    /// let x = table |> Csv.floats [ "width"; "length" ]
    /// let y, species = table |> Csv.categories "species"
    /// </code></example>
    let load (path: string) : CsvTable = loadWith ',' path

    let private column (table: CsvTable) (name: string) =
        match Array.IndexOf(table.Header, name) with
        | -1 ->
            let names = String.Join(", ", table.Header)
            invalidArg (nameof name) $"{table.File} has no column '{name}', only {names}"
        | i -> i

    /// <summary>Columns of numbers: float32 (rows, names).</summary>
    /// <exception cref="T:Mlx.DataFileException">A field is no number; says line and
    /// field.</exception>
    /// <exception cref="T:System.ArgumentException">There is no such column.</exception>
    /// <example><code>
    /// // width,length,species
    /// // 1.4,5.1,setosa
    /// let x = Csv.load "iris.csv" |> Csv.floats [ "width"; "length" ] // (1, 2)
    /// </code></example>
    let floats (names: seq<string>) (table: CsvTable) : Tensor =
        let columns = names |> Seq.map (column table) |> Array.ofSeq

        let number row i =
            let text = table.Rows[row][i]

            match Single.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, number -> number
            | _ -> fail table.File table.Lines[row] (i + 1) $"'{text}' is no number"

        [| for row in 0 .. table.Rows.Length - 1 do
               for i in columns -> number row i |]
        |> Tensor.shaped [ table.Rows.Length; columns.Length ]

    /// <summary>A column of words as numbers: int32 (rows), and the words in their order.</summary>
    /// <exception cref="T:System.ArgumentException">There is no such column.</exception>
    /// <example><code>
    /// // width,length,species
    /// // 1.4,5.1,virginica
    /// // 1.3,4.7,setosa
    /// let y, names = Csv.load "iris.csv" |> Csv.categories "species" // [1, 0]
    /// printfn "the first is %s" names[Tensor.item y[0]]
    /// </code></example>
    let categories (name: string) (table: CsvTable) : Tensor * string[] =
        let i = column table name
        let words = table.Rows |> Array.map (fun row -> row[i])

        let names =
            words |> Array.distinct |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))

        let ids = names |> Seq.mapi (fun id name -> name, id) |> dict
        words |> Array.map (fun word -> ids[word]) |> Tensor.ofSeq, names
