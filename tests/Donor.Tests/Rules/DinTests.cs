using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class DinTests
{
    [Theory]
    [InlineData("G123417654321", 'A', 70)]
    [InlineData("G123498654321", 'H', 77)]
    [InlineData("A999914123456", 'N', 83)]
    [InlineData("C000307001466", '6', 66)]
    [InlineData("A999922123459", 'H', 77)]
    [InlineData("A999922654321", 'S', 88)]
    [InlineData("A999922123458", 'J', 79)]
    [InlineData("A999922012346", '*', 96)]
    [InlineData("A999522123456", '*', 96)]
    [InlineData("A999921123456", '3', 63)]
    [InlineData("A999820123456", 'E', 74)]
    public void The_check_character_is_that_of_the_published_vector(string din, char check, int flags)
    {
        Assert.Equal(check, Din.CheckCharacter(din));
        Assert.Equal(flags, 60 + Din.Checksum(din));
        Assert.Equal(din, Din.Parse(din).Din);
        Assert.Equal(din, Din.Parse(din + check).Din);
        Assert.Equal(din, Din.Parse($"={din}{flags}").Din);
        Assert.Equal(din, Din.Parse($"={din}00").Din);
    }

    [Theory]
    [InlineData("0", '1')]
    [InlineData("1", '*')]
    [InlineData("A", 'I')]
    [InlineData("Z", '5')]
    public void Single_characters_have_the_published_check_character(string text, char check) => Assert.Equal(check, Din.CheckCharacter(text));

    [Theory]
    [InlineData("A999915123456N")]
    [InlineData("F123498654321H")]
    [InlineData("C0003070013666")]
    [InlineData("A999922564321S")]
    [InlineData("A999920212346*")]
    [InlineData("B999922123469H")]
    [InlineData("6C000307001466")]
    [InlineData("A99991412345")]
    [InlineData("O999914123456")]
    [InlineData("0999914123456")]
    [InlineData("a999914123456")]
    [InlineData("A99991412345６")]
    [InlineData("=A99991412345684")]
    [InlineData("=A999914123456I0")]
    [InlineData("=\\A999914123456")]
    [InlineData("=%6200")]
    [InlineData("")]
    public void What_is_no_number_is_refused(string text) => Assert.Equal(Problems.DinInvalid, Din.Parse(text).Rejection!.Problem);

    // A circular shift is not seen by mod 37-2; that the number was issued is what catches it.
    [Fact]
    public void A_circular_shift_passes_the_check_character() => Assert.Null(Din.Parse("NA999914123456").Rejection);

    [Fact]
    public void A_wrong_digit_is_always_seen()
    {
        const string din = "A999926000123";
        for (var i = 7; i < 13; i++)
            for (var digit = '0'; digit <= '9'; digit++)
                if (din[i] != digit) Assert.NotNull(Din.Parse(din[..i] + digit + din[(i + 1)..] + Din.CheckCharacter(din)).Rejection);
    }
}
