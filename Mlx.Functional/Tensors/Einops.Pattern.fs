namespace Mlx.Patterns

open System
open System.Collections.Generic
open System.Globalization
open Mlx

/// What an axis of a pattern is called: a name, a length, or an ellipsis for any number of axes.
type internal Atom =
    | Name of string
    | Length of int
    | Dots

    override atom.ToString() =
        match atom with
        | Name name -> name
        | Length n -> string n
        | Dots -> "..."

/// An atom, and the character of the pattern where it stands.
type internal Axis = { Atom: Atom; At: int }

/// What stands for one axis of a tensor: one atom, or the product of those in parentheses. An
/// ellipsis outside of parentheses stands for as many axes as are left.
type internal Item =
    { Axes: Axis list
      Start: int
      InParentheses: bool }

    member item.IsDots =
        not item.InParentheses && (item.Axes |> List.exists (fun axis -> axis.Atom = Dots))

    override item.ToString() =
        let axes = item.Axes |> Seq.map (fun axis -> string axis.Atom) |> String.concat " "
        if item.InParentheses then $"({axes})" else axes

/// A pattern such as `b (h d) -> b h d`, taken apart.
type internal Sides = { Left: Item list; Right: Item list }

module internal Pattern =
    /// Refuses a pattern, with a caret beneath the character in question.
    let fail (caller: string) (pattern: string) (at: int) (why: string) : 'T =
        Text.refuse caller pattern at why

    let private isName c = Char.IsLetterOrDigit c || c = '_'

    /// The axis that begins at a character, and where it ends.
    let private axis caller (pattern: string) at : struct (Axis * int) =
        let fail why = fail caller pattern at why

        let rec wordEnd i = if i < pattern.Length && isName pattern[i] then wordEnd (i + 1) else i

        let next = wordEnd at
        let word = pattern.Substring(at, next - at)

        if String.CompareOrdinal(pattern, at, "...", 0, 3) = 0 then
            struct ({ Atom = Dots; At = at }, at + 3)
        elif pattern[at] = '.' then
            fail "an ellipsis is three dots"
        elif word = "" then
            fail $"'{pattern[at]}' has no meaning in a pattern"
        elif not (Char.IsDigit word[0]) then
            struct ({ Atom = Name word; At = at }, next)
        elif not (Seq.forall Char.IsAsciiDigit word) then
            fail "a name does not begin with a digit"
        else
            match Int32.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, n when n > 0 -> struct ({ Atom = Length n; At = at }, next)
            | _ -> fail $"{word} is not the length of an axis"

    let private requireDistinct caller pattern (items: Item list) =
        let seen = HashSet<Atom>()

        for item in items do
            for axis in item.Axes do
                match axis.Atom with
                | Length _ -> ()
                | atom when seen.Add atom -> ()
                | atom -> fail caller pattern axis.At $"'{atom}' stands twice on one side"

    /// Takes a pattern apart.
    let parse (caller: string) (pattern: string) : Sides =
        let fail at why = fail caller pattern at why

        let rec skip i =
            if i < pattern.Length && Char.IsWhiteSpace pattern[i] then skip (i + 1) else i

        let isEnd i = i = pattern.Length || String.CompareOrdinal(pattern, i, "->", 0, 2) = 0

        let rec product start axes i =
            let i = skip i

            if isEnd i then
                fail start "this parenthesis is not closed"
            elif pattern[i] = '(' then
                fail i "parentheses do not nest"
            elif pattern[i] = ')' then
                struct ({ Axes = List.rev axes; Start = start; InParentheses = true }, i + 1)
            else
                let struct (axis, next) = axis caller pattern i
                product start (axis :: axes) next

        let rec side items i =
            let i = skip i

            if isEnd i then
                struct (List.rev items, i)
            elif pattern[i] = ')' then
                fail i "this parenthesis was not opened"
            elif pattern[i] = '(' then
                let struct (item, next) = product i [] (i + 1)
                side (item :: items) next
            else
                let struct (axis, next) = axis caller pattern i
                side ({ Axes = [ axis ]; Start = i; InParentheses = false } :: items) next

        let struct (left, arrow) = side [] 0

        if arrow = pattern.Length then
            fail arrow "'->' is missing"

        let struct (right, last) = side [] (arrow + 2)

        if last < pattern.Length then
            fail last "a pattern has one '->'"

        requireDistinct caller pattern left
        requireDistinct caller pattern right

        for item in left do
            for axis in item.Axes do
                if item.InParentheses && axis.Atom = Dots then
                    fail axis.At "on the left an ellipsis stands outside of parentheses"

        { Left = left; Right = right }
