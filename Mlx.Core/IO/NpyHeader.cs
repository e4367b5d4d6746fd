using System.Globalization;
using System.Text;

namespace Mlx.Core;

/// <summary>
/// The header of a .npy file: a Python dict with three keys. Parsed as such, never evaluated; what
/// it says is checked against the file by the caller.
/// </summary>
internal sealed class NpyHeader
{
    private readonly string path;
    private readonly string text;
    private int at;

    private NpyHeader(string path, string text)
    {
        this.path = path;
        this.text = text;
    }

    public string Descr { get; private set; } = "";

    public bool IsFortran { get; private set; }

    public int[] Shape { get; private set; } = [];

    public static NpyHeader Parse(string path, ReadOnlySpan<byte> header)
    {
        var h = new NpyHeader(path, Encoding.Latin1.GetString(header));
        h.Dict();
        return h;
    }

    private void Dict()
    {
        var seen = new HashSet<string>();
        Take('{');
        while (!TryTake('}'))
        {
            var key = String();
            Take(':');
            if (!seen.Add(key))
            {
                throw Wrong($"the header has '{key}' twice");
            }

            switch (key)
            {
                case "descr":
                    Descr = String();
                    break;
                case "fortran_order":
                    IsFortran = Bool();
                    break;
                case "shape":
                    Shape = Tuple();
                    break;
                default:
                    throw Wrong($"the header has the unknown key '{key}'");
            }

            if (!TryTake(','))
            {
                Take('}');
                break;
            }
        }

        if (seen.Count != 3 || Peek() != '\0')
        {
            throw Wrong("the header is not a dict of descr, fortran_order and shape");
        }
    }

    private int[] Tuple()
    {
        var dims = new List<int>();
        Take('(');
        while (!TryTake(')'))
        {
            dims.Add(Integer());
            if (!TryTake(','))
            {
                Take(')');
                break;
            }
        }

        return [.. dims];
    }

    private int Integer()
    {
        Peek();
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return int.TryParse(
            text.AsSpan(start, at - start),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var n)
            ? n
            : throw Wrong("the shape in the header is not a tuple of lengths");
    }

    private bool Bool()
    {
        Peek();
        foreach (var (word, value) in new[] { ("True", true), ("False", false) })
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) == 0)
            {
                at += word.Length;
                return value;
            }
        }

        throw Wrong("fortran_order in the header is neither True nor False");
    }

    private string String()
    {
        var quote = Peek();
        if (quote is not ('\'' or '"'))
        {
            throw Wrong("the header has something else where a string is due");
        }

        var end = text.IndexOf(quote, at + 1);
        if (end < 0 || text.AsSpan(at, end - at).Contains('\\'))
        {
            throw Wrong("the header has a malformed string");
        }

        var s = text[(at + 1)..end];
        at = end + 1;
        return s;
    }

    private void Take(char c)
    {
        if (!TryTake(c))
        {
            throw Wrong($"the header is not a Python dict of plain values ('{c}' expected)");
        }
    }

    private bool TryTake(char c)
    {
        if (Peek() != c)
        {
            return false;
        }

        at++;
        return true;
    }

    /// <summary>The next character that is no white space; NUL at the end.</summary>
    private char Peek()
    {
        while (at < text.Length && text[at] is ' ' or '\n' or '\r' or '\t')
        {
            at++;
        }

        return at < text.Length ? text[at] : '\0';
    }

    private MlxFileException Wrong(string reason) => new(path, null, reason);
}
