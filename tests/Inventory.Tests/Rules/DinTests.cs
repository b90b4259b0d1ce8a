using BloodPlatform.Inventory.Rules;
using FsCheck;
using FsCheck.Fluent;

namespace BloodPlatform.Inventory.Tests.Rules;

public sealed class DinTests
{
    [Theory]
    [InlineData("G123417654321", 10, 'A')]
    [InlineData("G123498654321", 17, 'H')]
    [InlineData("A999914123456", 23, 'N')]
    [InlineData("C000307001466", 6, '6')]
    [InlineData("A999922123459", 17, 'H')]
    [InlineData("A999922654321", 28, 'S')]
    [InlineData("A999922123458", 19, 'J')]
    [InlineData("A999922012346", 36, '*')]
    [InlineData("A999522123456", 36, '*')]
    [InlineData("A999921123456", 3, '3')]
    [InlineData("A999820123456", 14, 'E')]
    public void The_check_character_is_the_published_one(string din, int checksum, char k)
    {
        Assert.Equal(checksum, Din.Checksum(din));
        Assert.Equal(k, Din.Parse(din)!.Value.CheckCharacter);
        Assert.Equal(din, Din.Parse(din + k)!.Value.Text);
        Assert.Equal(din, Din.Parse($"={din}{60 + checksum}")!.Value.Text);
        Assert.Equal(din, Din.Parse($"={din}00")!.Value.Text);
    }

    [Theory]
    [InlineData("0", '1')]
    [InlineData("1", '*')]
    [InlineData("A", 'I')]
    [InlineData("Z", '5')]
    public void Single_characters_have_their_published_check(string character, char k) => Assert.Equal(k, Din.CharacterOf(Din.Checksum(character)));

    [Theory]
    [InlineData("A999915123456N")]
    [InlineData("F123498654321H")]
    [InlineData("C0003070013666")]
    [InlineData("A999922564321S")]
    [InlineData("A999920212346*")]
    [InlineData("B999922123469H")]
    [InlineData("6C000307001466")]
    [InlineData("O999922123459")] // the letter O is no facility's first character
    [InlineData("A9999221234")]
    [InlineData("a999922123459")]
    [InlineData("A99992212345９")]
    [InlineData("=A99992212345960")] // flags say 60 + 0, the number says 17
    [InlineData("=A99992212345IO")]
    [InlineData("=%6200")]
    [InlineData("")]
    [InlineData(null)]
    public void What_is_no_number_is_refused(string? text) => Assert.Null(Din.Parse(text));

    [Fact]
    public void A_circular_shift_passes_the_check_and_is_another_facilitys_number()
    {
        var shifted = Din.Parse("NA999914123456");
        Assert.Equal("NA999", shifted!.Value.Fin); // known gap of mod 37-2: only the list of issued numbers shows that it is foreign
    }

    [Fact]
    public void Every_number_reads_back_and_no_wrong_character_or_neighbouring_swap_goes_through()
    {
        var numbers = from fin in Gen.Elements("A9999", "G1234", "C0003", "1ZZ99", "NP901")
                      from year in Gen.Choose(0, 99)
                      from number in Gen.Choose(1, Din.LastNumber)
                      select Din.Of(fin, 2000 + year, number);
        Prop.ForAll(numbers.ToArbitrary(), din =>
        {
            var printed = din.Text + din.CheckCharacter;
            if (Din.Parse(printed) != din || Din.Parse(din.Text) != din || din.Fin + din.Year.ToString("00") + din.Number.ToString("000000") != din.Text) return false;
            for (var i = 0; i < 13; i++)
            {
                foreach (var c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                    if (c != printed[i] && Din.Parse(printed[..i] + c + printed[(i + 1)..]) is not null) return false;
                if (i < 12 && printed[i] != printed[i + 1] && Din.Parse(printed[..i] + printed[i + 1] + printed[i] + printed[(i + 2)..]) is not null) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }
}
