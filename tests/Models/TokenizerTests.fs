module Mlx.Tests.Models.TokenizerTests

open System
open System.Text
open Expecto
open Mlx.Models

let private bytes = Tokenizer.bytes

let private property name check = testPropertyWithConfig FsCheckConfig.defaultConfig name check

/// A text without half characters, which UTF-8 has not.
let private whole (text: string) = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes text)

let tests =
    testList
        "Tokenizer"
        [ property "bytes: decoding undoes encoding" (fun (text: string | null) ->
              let text = whole (string text)
              bytes.Decode(bytes.Encode text) = text)

          property "bytes: streamed pieces are the whole text, for any bytes" (fun (data: byte[]) ->
              let ids = Array.map int data
              let streamed = Tokenizer.stream bytes ids |> String.concat ""
              streamed = bytes.Decode ids && streamed = Encoding.UTF8.GetString data)

          testCase "bytes: a character comes whole, with its last byte" (fun () ->
              let stream = bytes.NewStream()
              let pieces = [ for id in bytes.Encode "aé€😀z" -> stream.Push id ]

              Expect.equal
                  pieces
                  [ "a"; ""; "é"; ""; ""; "€"; ""; ""; ""; "😀"; "z" ]
                  "one piece a byte"

              Expect.equal (stream.Finish()) "" "nothing is left")

          testCase "bytes: a character that is cut off becomes a replacement character" (fun () ->
              let stream = bytes.NewStream()
              let pieces = [ for id in [ 0xE2; 0x82 ] -> stream.Push id ]
              Expect.equal pieces [ ""; "" ] "it might be completed"
              Expect.equal (stream.Finish()) "\uFFFD" "it was not")

          testCase "bytes: the tokens that begin and end a text stand for none" (fun () ->
              Expect.equal (bytes.Decode [ 256; 104; 105; 257 ]) "hi" "text"
              Expect.equal (Tokenizer.prompt bytes "hi") [| 256; 104; 105 |] "prompt")

          testCase "bytes: each token has its byte, and those without text none" (fun () ->
              Expect.equal
                  [ for id in [ 0; 65; 255; 256; 257 ] -> bytes.Bytes id ]
                  [ [| 0uy |]; [| 65uy |]; [| 255uy |]; [||]; [||] ]
                  "bytes")

          testCase "bytes: other ids are refused" (fun () ->
              for id in [ -1; 258; Int32.MaxValue ] do
                  for refused in
                      [ (fun () -> bytes.Decode [ id ] |> ignore)
                        (fun () -> bytes.Bytes id |> ignore) ] do
                      Expect.throwsT<ArgumentOutOfRangeException> refused $"{id}") ]
