//! Finding things on a menu while typing.

use bff_api::{Category, Menu, Product};

/// The categories with the products that match every word of the query; all of them for an empty one.
#[must_use]
pub fn filter(menu: &Menu, query: &str) -> Vec<Category> {
    let folded = fold(query);
    let words: Vec<&str> = folded.split_whitespace().collect();
    menu.categories
        .iter()
        .filter_map(|category| {
            let products: Vec<Product> = category
                .products
                .iter()
                .filter(|product| matches(category, product, &words))
                .cloned()
                .collect();
            (!products.is_empty()).then(|| Category {
                products,
                ..category.clone()
            })
        })
        .collect()
}

fn matches(category: &Category, product: &Product, words: &[&str]) -> bool {
    let text = fold(&format!(
        "{} {} {}",
        category.name, product.name, product.description
    ));
    // A word is matched from its beginning: "tea" must not find everything with steamed milk.
    words.iter().all(|wanted| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|word| word.starts_with(wanted))
    })
}

/// Lower case, without the accents that people leave out: "Caffè" is found by "caffe".
fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' | 'ą' => 'a',
            'ç' | 'ć' | 'č' => 'c',
            'è' | 'é' | 'ê' | 'ë' | 'ę' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ł' => 'l',
            'ñ' | 'ń' => 'n',
            'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
            'ś' | 'š' => 's',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ź' | 'ż' | 'ž' => 'z',
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::filter;
    use crate::fixture::menu;

    fn found(query: &str) -> Vec<String> {
        filter(&menu(), query)
            .into_iter()
            .flat_map(|category| category.products)
            .map(|product| product.name)
            .collect()
    }

    #[test]
    fn an_empty_query_shows_all() {
        assert_eq!(found("  "), ["Caffè latte", "Green tea"]);
    }

    #[test]
    fn words_match_without_case_and_accents_anywhere() {
        assert_eq!(found("CAFFE"), ["Caffè latte"]);
        assert_eq!(found("brewed tea"), ["Green tea"]);
        assert_eq!(found("coffee milk"), ["Caffè latte"]);
        assert!(found("latte tea").is_empty());
    }
}
